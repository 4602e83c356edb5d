"""Writes a run down: the reports for people, the JSON for programs, the run itself for whoever must believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from basewatch.facts import canonical, to_json
from basewatch.model import Finding, Run
from reports import Format, render
from reports.view import CheckText, View
from workflows.plan import Plan

_REPORTS = {Format.HTML: "report.html", Format.MARKDOWN: "report.md", Format.JSON: "findings.json"}
RUN = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files a run was written to, and one line for each that could not be."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


def view_of(plan: Plan, run: Run, previous: Mapping[str, Finding] | None = None) -> View:
    """What the reports show of a run: itself, its platform, and what its checks say of themselves."""
    checks = {p.check.id: p.check for p in plan.checks}
    return View(
        run=run,
        platform=plan.config.platform.name,
        environment=plan.config.platform.environment,
        checks={
            check.id: CheckText(
                title=check.title,
                why=check.parts["Why"],
                reads=check.parts["Reads"],
                fix=check.parts["Fix"],
                source=check.parts["Source"],
            )
            for check in checks.values()
        },
        previous=tuple((previous or {}).values()),
    )


def write(view: View, directory: Path) -> Written:
    """Writes every report of a run into `directory`; one that cannot be written stops no other."""
    contents = {name: render(view, format_) for format_, name in _REPORTS.items()}
    contents[RUN] = canonical(to_json(Run, view.run))
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
