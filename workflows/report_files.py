"""Writes a run down: reports for people, JSON and metrics for programs, the run itself for whoever must believe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basewatch.check import AnyCheck
from basewatch.facts import canonical, to_json
from basewatch.model import Finding, Run
from exposition import page
from exposition.finding_metrics import of_attempt, of_run
from exposition.latest_readings import newest
from reports import Format, render
from reports.view import CheckText, View
from workflows.monitor import Looked, Passed
from workflows.plan import Plan

_REPORTS = {Format.HTML: "report.html", Format.MARKDOWN: "report.md", Format.JSON: "findings.json"}
METRICS = "metrics.prom"
RUN = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files a run was written to, and one line for each that could not be."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


def view_of(plan: Plan, run: Run, previous: tuple[Finding, ...] = ()) -> View:
    """What the reports show of a run: itself, its platform, and what its checks say of themselves."""
    checks = {p.check.id: p.check for p in plan.checks}
    return View(
        run=run,
        platform=plan.config.platform.name,
        environment=plan.config.platform.environment,
        checks={name: _text(check) for name, check in checks.items()},
        previous=previous,
    )


def _text(check: AnyCheck) -> CheckText:
    parts = check.parts
    return CheckText(
        title=check.title, why=parts["Why"], reads=parts["Reads"], fix=parts["Fix"], source=parts["Source"]
    )


def write(plan: Plan, looked: Looked, directory: Path) -> Written:
    """Writes every report of a run into `directory`; one that cannot be written stops no other."""
    view = view_of(plan, looked.run, looked.previous if isinstance(looked, Passed) else ())
    contents = {name: render(view, format_) for format_, name in _REPORTS.items()}
    contents[METRICS] = _metrics(plan, looked)
    contents[RUN] = canonical(to_json(Run, looked.run))
    paths, problems = list[Path](), list[str]()
    for name, content in contents.items():
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        except OSError as error:
            problems.append(f"{directory / name} could not be written: {error.strerror}")
        else:
            paths.append(directory / name)
    return Written(paths=tuple(paths), problems=tuple(problems))


def _metrics(plan: Plan, looked: Looked) -> bytes:
    """What the run found and the newest readings it collected, fit for the node exporter's textfile collector."""
    run = looked.run
    readings = newest(plan.specs, looked.collected.series, run.window.end)
    return page.text_of((*readings, *of_attempt(run.started, plan.config.run.every), *of_run(run)))
