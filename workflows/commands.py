"""What `run`, `check` and `audit` do with a pass, and the exit status of every command."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path

import typer

from alerts import Outlook, Undelivered, notifiers
from alerts.heartbeat import heartbeat_senders
from basewatch.clients import PastPasses
from basewatch.components import Api, Database, Endpoint
from basewatch.errors import BasewatchError
from basewatch.history import HistoryStatus
from basewatch.history.engine import sqlite_file_missing
from basewatch.history.store import History
from basewatch.model import Finding, Run, Severity, Status, Window
from basewatch.quantities import parse_duration
from basewatch.secrets import resolve_text
from basewatch.time_limit import TimeLimit
from reports import ReportFormat, render
from reports.isolation import isolation_summaries
from workflows.clients import AwsSessions
from workflows.fingerprint_intervals import run_intervals
from workflows.heartbeat import beat
from workflows.history_remarks import first_run_remarks, history_lines, history_remarks
from workflows.monitor import Delivered, Observed, observe_plan, run_pass
from workflows.past_passes import past_passes
from workflows.plan import Plan, load_plan
from workflows.report_files import WrittenReports, view_of, write_reports
from workflows.settling import Pause, settled
from workflows.terminal import findings_text, summary_text

_LONGEST_AUDIT = timedelta(days=15)
"""How long CloudWatch keeps datapoints of one minute."""


class ExitCode(IntEnum):
    """The exit statuses. FAILED beats UNVERIFIED, and UNDELIVERED is added to either: nothing hides it."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    UNVERIFIED = 3
    UNDELIVERED = 4
    FAILED_AND_UNDELIVERED = 5
    UNVERIFIED_AND_UNDELIVERED = 7


def exit_code(findings: Iterable[Finding], *, fail_on: Severity, undelivered: bool = False) -> ExitCode:
    """The exit status of a pass: FAILED for a FAIL at or above `fail_on`, else UNVERIFIED; 4 more if `undelivered`."""
    found, verdict = tuple(findings), ExitCode.PASSED
    if any(f.status is Status.FAIL and f.severity.rank >= fail_on.rank for f in found):
        verdict = ExitCode.FAILED
    elif any(f.status is Status.UNVERIFIED for f in found):
        verdict = ExitCode.UNVERIFIED
    return ExitCode(verdict | ExitCode.UNDELIVERED) if undelivered else verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPlan:
    """A plan, its AWS sessions and its environment. Every secret that the plan needs is known to be set."""

    plan: Plan
    sessions: AwsSessions
    environ: Mapping[str, str]

    def history(self) -> History:
        """The configured history, or one in memory while it cannot be used: a pass never depends on it."""
        return History.open_or_remember(self._history_url, utc_now)

    def existing_history(self) -> History:
        """The configured history, opened. Raises: HistoryError; SecretNotFoundError."""
        return History.open(self._history_url())

    def _history_url(self) -> str:
        return resolve_text(self.plan.config.history.url, self.environ, self.sessions.secret_store)


def existing_history(path: Path, environ: Mapping[str, str]) -> History:
    """The history of the configuration at `path`, opened; no other secret of it has to be set.

    Raises: ConfigError; HistoryError; SecretNotFoundError.
    """
    plan = load_plan(path)
    return PreparedPlan(plan=plan, sessions=AwsSessions(plan.config, environ), environ=environ).existing_history()


def utc_now() -> datetime:
    """The wall clock in UTC. Commands read it and pass the time on; judges never read a clock."""
    return datetime.now(UTC)


def prepare(
    path: Path, environ: Mapping[str, str], *, only: str = "*", component: str = "*", recorded: bool = False
) -> PreparedPlan:
    """The plan of the configuration at `path`; see load_plan.

    Raises: ConfigError, with every reason why it cannot run.
    """
    plan = load_plan(path, only=only, component=component, recorded=recorded)
    sessions = AwsSessions(plan.config, environ)
    sessions.require_secrets(
        {url for p in plan.checks if isinstance(p.component, Api | Database | Endpoint) for url in p.component.secrets}
    )
    return PreparedPlan(plan=plan, sessions=sessions, environ=environ)


def run(prepared: PreparedPlan, fail_on: str, *, as_json: bool) -> int:
    """Makes one recorded pass; the exit status depends on its findings, its notifications and its reports."""
    plan = prepared.plan
    channels = notifiers(plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
    heartbeats = heartbeat_senders(plan.config.heartbeats, prepared.environ, prepared.sessions.secret_store)
    with prepared.history() as history:
        delivered = run_pass(plan, prepared.sessions, history, channels, utc_now)
    status = history.status
    for remark in (*first_run_remarks(delivered.run, history), *history_remarks(status)):
        typer.echo(f"basewatch: {remark}", err=True)
    written = write_configured_reports(plan, delivered, status)
    print_findings(plan, delivered.run, as_json=as_json)
    problems = (*undelivered_lines(delivered), *history_lines(status), *written.problems)
    for problem in (problems := beat(heartbeats, plan, delivered.run, problems, utc_now())):
        typer.echo(f"basewatch: {problem}", err=True)
    return exit_code(delivered.run.findings, fail_on=Severity(fail_on), undelivered=bool(problems))


def check(
    prepared: PreparedPlan, fail_on: str, *, as_json: bool, wait: timedelta = timedelta(), pause: Pause = time.sleep
) -> int:
    """Makes one pass that is printed only: nothing is recorded, and no notification is sent.

    For as long as `wait` the pass is repeated until nothing fails and everything is verified; the last one is printed.
    """
    plan, severity = prepared.plan, Severity(fail_on)

    def observe() -> Run:
        at = utc_now()
        window = plan.next_window(None, at)
        return observe_plan(plan, prepared.sessions, window, utc_now, recorded_past(prepared, at)).run

    def passes(run: Run) -> bool:
        return exit_code(run.findings, fail_on=severity) is ExitCode.PASSED

    def unsettled(run: Run) -> None:
        typer.echo(f"basewatch: {summary_text(run.findings)}; waiting until things settle", err=True)

    run = settled(observe, passes, TimeLimit.after(wait.total_seconds()), unsettled, pause)
    print_findings(plan, run, as_json=as_json)
    return exit_code(run.findings, fail_on=severity)


def audit(prepared: PreparedPlan, fail_on: str, *, since: str, output: Path) -> int:
    """Makes one pass over the last `since`, and writes its reports and evidence into `output`."""
    at = utc_now()
    window = Window(start=at - _audit_length(since), end=at)
    past = recorded_past(prepared, at)
    observed = with_intervals(prepared, observe_plan(prepared.plan, prepared.sessions, window, utc_now, past))
    written = write_reports(prepared.plan, observed, output)
    print_findings(prepared.plan, observed.run, as_json=False)
    for line in (*(str(path) for path in written.paths), *written.problems):
        typer.echo(line, err=True)
    return exit_code(observed.run.findings, fail_on=Severity(fail_on), undelivered=bool(written.problems))


def recorded_past(prepared: PreparedPlan, at: datetime) -> PastPasses | None:
    """What the history says, for a pass that is not recorded; None without one. A missing history is not created."""
    judged = any(planned.check.client_type is PastPasses for planned in prepared.plan.checks)
    if not judged or sqlite_file_missing(prepared.plan.config.history.url):
        return None
    try:
        with prepared.existing_history() as history:
            return past_passes(prepared.plan, history, at)
    except BasewatchError:
        # The checks that judge the history say that it could not be read.
        return None


def with_intervals(prepared: PreparedPlan, observed: Observed) -> Observed:
    """The pass with the recorded fingerprint intervals of its catalogues. A missing history is not created."""
    run = observed.run
    if not isolation_summaries(run) or sqlite_file_missing(prepared.plan.config.history.url):
        return observed
    try:
        with prepared.existing_history() as history:
            known = history.catalog_intervals()
    except BasewatchError as error:
        note = f"The history of the catalogue watch could not be read: {error}"
        return replace(observed, run=replace(run, notes=(*run.notes, note)))
    return replace(observed, run=replace(run, intervals=run_intervals(run, known)))


def print_findings(plan: Plan, run: Run, *, as_json: bool) -> None:
    """Prints the findings of a run to standard output, as text or as JSON alone."""
    if as_json:
        sys.stdout.write(render(view_of(plan, run), ReportFormat.JSON).decode())
    else:
        typer.echo(findings_text(run.findings, colour=sys.stdout.isatty()))


def write_configured_reports(plan: Plan, observed: Observed, history: HistoryStatus | None = None) -> WrittenReports:
    """Writes the reports of a run into `reports.directory` of the configuration."""
    return write_reports(plan, observed, Path(plan.config.reports.directory), history)


def undelivered_lines(delivered: Delivered) -> tuple[str, ...]:
    """One line for each channel that missed notifications: how many, why, and whether they are retried."""
    by_channel: dict[str, list[Undelivered]] = {}
    for missed in delivered.delivery.undelivered:
        by_channel.setdefault(missed.notification.channel, []).append(missed)
    missed_lines = (_undelivered_line(channel, missed) for channel, missed in by_channel.items())
    return (*missed_lines, *delivered.unreminded)


def _undelivered_line(channel: str, missed: Sequence[Undelivered]) -> str:
    first = missed[0].notification.alert
    more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
    return f"{channel} was not notified of {first.check} {first.component}{more}: {missed[0].error}; {_outlook(missed)}"


def _outlook(missed: Sequence[Undelivered]) -> str:
    if any(each.outlook is Outlook.PENDING for each in missed):
        return "the next run retries"
    if any(each.outlook is Outlook.REFUSED for each in missed):
        return "the next run sends it again, in case that is mended"
    return "it is not sent again"


def _audit_length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise BasewatchError(f"--since: {error}") from error
    if not timedelta() < length <= _LONGEST_AUDIT:
        raise BasewatchError("--since must be longer than 0 and at most 15d: CloudWatch keeps minutes for 15 days")
    return length
