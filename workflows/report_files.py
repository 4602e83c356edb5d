"""Writes a run down: reports for people, JSON and metrics for programs, the run itself for whoever must believe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basewatch.check import AnyCheck
from basewatch.facts import canonical, to_json
from basewatch.model import Finding, Run
from exposition import page
from exposition.own_metrics import attempt_blocks, latest_readings, run_blocks
from reports import ReportFormat, render
from reports.view import CheckDescription, View
from workflows.monitor import Delivered, Observed
from workflows.plan import Plan

_REPORTS = {ReportFormat.HTML: "report.html", ReportFormat.MARKDOWN: "report.md", ReportFormat.JSON: "findings.json"}
METRICS_FILE = "metrics.prom"
RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReports:
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


def _text(check: AnyCheck) -> CheckDescription:
    parts = check.doc_sections
    return CheckDescription(
        title=check.title, why=parts["Why"], reads=parts["Reads"], fix=parts["Fix"], source=parts["Source"]
    )


def write_reports(plan: Plan, observed: Observed, directory: Path) -> WrittenReports:
    """Writes every report of a run into `directory`; one that cannot be written stops no other."""
    view = view_of(plan, observed.run, observed.previous if isinstance(observed, Delivered) else ())
    contents = {name: render(view, format_) for format_, name in _REPORTS.items()}
    contents[METRICS_FILE] = _metrics(plan, observed)
    contents[RUN_FILE] = canonical(to_json(Run, observed.run))
    paths, problems = list[Path](), list[str]()
    for name, content in contents.items():
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        except OSError as error:
            problems.append(f"{directory / name} could not be written: {error.strerror}")
        else:
            paths.append(directory / name)
    return WrittenReports(paths=tuple(paths), problems=tuple(problems))


def _metrics(plan: Plan, looked: Observed) -> bytes:
    """What the run found and the newest readings it collected, fit for the node exporter's textfile collector."""
    run = looked.run
    readings = latest_readings(plan.specs, looked.collected.series, run.window.end)
    return page.textfile((*readings, *attempt_blocks(run.started, plan.config.run.every), *run_blocks(run)))
