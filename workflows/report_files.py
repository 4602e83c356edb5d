"""The files of a run: reports for people, JSON and metrics for programs, and the sealed run itself for auditors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basewatch.atomic_files import FileNotWrittenError, replace_file
from basewatch.check import AnyCheck
from basewatch.facts import canonical, to_json
from basewatch.history import HistoryStatus
from basewatch.model import Finding, Run
from exposition import page
from exposition.history_metrics import history_blocks
from exposition.own_metrics import attempt_blocks, latest_readings, run_blocks
from reports import ReportFormat, render
from reports.view import CheckDescription, View
from workflows.monitor import Delivered, Observed
from workflows.plan import Plan
from workflows.silence_use import accepted_findings

METRICS_FILE = "metrics.prom"
RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReports:
    """The files that were written, and one line for each that could not be."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


def view_of(plan: Plan, run: Run, previous: tuple[Finding, ...] = ()) -> View:
    """What the reports show: the run, its platform, and the documentation of its checks."""
    checks = {p.check.id: p.check for p in plan.checks}
    return View(
        run=run,
        platform=plan.config.platform.name,
        environment=plan.config.platform.environment,
        checks={name: _text(check) for name, check in checks.items()},
        previous=previous,
        accepted=accepted_findings(plan.config.alerts, run.findings, plan.config.components, run.finished),
    )


def _text(check: AnyCheck) -> CheckDescription:
    parts = check.doc_sections
    return CheckDescription(
        title=check.title, why=parts["Why"], reads=parts["Reads"], fix=parts["Fix"], source=parts["Source"]
    )


def write_reports(
    plan: Plan, observed: Observed, directory: Path, history: HistoryStatus | None = None
) -> WrittenReports:
    """Writes every report of a run into `directory`, each as a whole.

    A file that cannot be written stays as it was, and does not stop the others.
    """
    view = view_of(plan, observed.run, observed.previous if isinstance(observed, Delivered) else ())
    contents = {each.file_name: render(view, each) for each in ReportFormat}
    contents[METRICS_FILE] = _metrics(plan, observed, history)
    contents[RUN_FILE] = canonical(to_json(Run, observed.run))
    reports = plan.config.reports
    modes = {METRICS_FILE: reports.metrics_mode or reports.mode}
    paths, problems = list[Path](), list[str]()
    for name, content in contents.items():
        try:
            replace_file(directory / name, content, int(modes.get(name, reports.mode), 8))
        except FileNotWrittenError as error:
            problems.append(str(error))
        else:
            paths.append(directory / name)
    return WrittenReports(paths=tuple(paths), problems=tuple(problems))


def _metrics(plan: Plan, observed: Observed, history: HistoryStatus | None) -> bytes:
    """The findings and the newest readings of the run, for the textfile collector of the node exporter."""
    run = observed.run
    readings = latest_readings(plan.specs, observed.collected.series, run.window.end)
    attempt = attempt_blocks(run.started, plan.config.run.every)
    return page.textfile((*readings, *attempt, *run_blocks(run), *(history_blocks(history) if history else ())))
