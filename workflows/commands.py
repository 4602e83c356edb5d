"""What `run`, `check` and `audit` do: a pass is looked at, shown, and where asked recorded, told and written down."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from alerts import Undelivered, notifiers
from basewatch.components import Database
from basewatch.errors import BasewatchError
from basewatch.history.engine import sqlite_file_missing
from basewatch.history.store import History
from basewatch.model import Run, Severity, Window
from basewatch.quantities import parse_duration
from basewatch.secrets import resolve_text
from reports import ReportFormat, render
from reports.isolation import isolation_summaries
from workflows.clients import AwsSessions
from workflows.exit_codes import exit_code
from workflows.fingerprint_intervals import run_intervals
from workflows.monitor import Delivered, Observed, observe_plan, run_pass
from workflows.plan import Plan, load_plan
from workflows.report_files import WrittenReports, view_of, write_reports
from workflows.terminal import findings_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPlan:
    """A plan with all it needs to be run, and every secret it cannot do without known to be set."""

    plan: Plan
    sessions: AwsSessions
    environ: Mapping[str, str]

    def history(self) -> History:
        """The configured history, opened. Raises: HistoryError; SecretNotFoundError."""
        return History.open(resolve_text(self.plan.config.history.url, self.environ, self.sessions.secret_store))


def utc_now() -> datetime:
    """The wall clock, aware UTC: read here, and handed to everything that judges."""
    return datetime.now(UTC)


def prepare(path: Path, environ: Mapping[str, str], *, only: str = "*", component: str = "*") -> PreparedPlan:
    """The plan in the configuration at `path`. Raises: ConfigError, with everything that would stop it working."""
    plan = load_plan(path, only=only, component=component)
    sessions = AwsSessions(plan.config, environ)
    sessions.require_secrets(
        {url for p in plan.checks if isinstance(p.component, Database) for url in p.component.secrets}
    )
    return PreparedPlan(plan=plan, sessions=sessions, environ=environ)


def run(prepared: PreparedPlan, fail_on: str, *, as_json: bool) -> int:
    """One recorded pass: exit status by its findings, and by whether everybody was told and every report written."""
    plan = prepared.plan
    channels = notifiers(plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
    with prepared.history() as history:
        passed = run_pass(plan, prepared.sessions, history, channels, utc_now)
    written = write_configured_reports(plan, passed)
    print_findings(plan, passed.run, as_json=as_json)
    for problem in (*undelivered_lines(passed), *written.problems):
        typer.echo(f"basewatch: {problem}", err=True)
    undone = bool(undelivered_lines(passed) or written.problems)
    return exit_code(passed.run.findings, fail_on=Severity(fail_on), undelivered=undone)


def check(prepared: PreparedPlan, fail_on: str, *, as_json: bool) -> int:
    """One look, shown and forgotten."""
    at = utc_now()
    run = observe_plan(prepared.plan, prepared.sessions, prepared.plan.next_window(None, at), utc_now).run
    print_findings(prepared.plan, run, as_json=as_json)
    return exit_code(run.findings, fail_on=Severity(fail_on))


def audit(prepared: PreparedPlan, fail_on: str, *, since: str, output: Path) -> int:
    """One look over the last `since`, written down with its evidence."""
    at = utc_now()
    window = Window(start=at - _span(since), end=at)
    looked = with_intervals(prepared, observe_plan(prepared.plan, prepared.sessions, window, utc_now))
    written = write_reports(prepared.plan, looked, output)
    print_findings(prepared.plan, looked.run, as_json=False)
    for line in (*(str(path) for path in written.paths), *written.problems):
        typer.echo(line, err=True)
    return exit_code(looked.run.findings, fail_on=Severity(fail_on), undelivered=bool(written.problems))


def with_intervals(prepared: PreparedPlan, observed: Observed) -> Observed:
    """The look with how long the catalogues it is about were watched, where a history says so; none is made for it."""
    run = observed.run
    if not isolation_summaries(run) or sqlite_file_missing(prepared.plan.config.history.url):
        return observed
    try:
        with prepared.history() as history:
            known = history.catalog_intervals()
    except BasewatchError as error:
        note = f"How long the catalogues were watched could not be read: {error}"
        return replace(observed, run=replace(run, notes=(*run.notes, note)))
    return replace(observed, run=replace(run, intervals=run_intervals(run, known)))


def print_findings(plan: Plan, run: Run, *, as_json: bool) -> None:
    """Prints a run's findings to standard output, as JSON alone or for a person."""
    if as_json:
        sys.stdout.write(render(view_of(plan, run), ReportFormat.JSON).decode())
    else:
        typer.echo(findings_text(run.findings, colour=sys.stdout.isatty()))


def write_configured_reports(plan: Plan, looked: Observed) -> WrittenReports:
    """Writes a run's reports where the configuration says."""
    return write_reports(plan, looked, Path(plan.config.reports.directory))


def undelivered_lines(delivered: Delivered) -> tuple[str, ...]:
    """One line for each channel that was not told of something: how much, why, and whether it is tried again."""
    by_channel: dict[str, list[Undelivered]] = {}
    for failed in delivered.delivery.undelivered:
        by_channel.setdefault(failed.notification.channel, []).append(failed)
    return tuple(_untold(channel, failed) for channel, failed in by_channel.items())


def _untold(channel: str, failed: Sequence[Undelivered]) -> str:
    first = failed[0].notification
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    again = "the next run tries again" if any(each.pending for each in failed) else "it is not tried again"
    return f"{channel} was not told of {first.check} {first.component}{more}: {failed[0].error}; {again}"


def _span(text: str) -> timedelta:
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise BasewatchError(f"--since: {error}") from error
    if not timedelta() < span <= timedelta(days=15):
        raise BasewatchError("--since is more than nothing, and 15d at most: CloudWatch keeps minutes no longer")
    return span
