"""`basewatch demo`: applies and repairs faults in the sandbox, with a real pass after each step."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from alerts import notifiers
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.restore_record import RestoreRecord
from demo.faults import FAULTS
from demo.faults.fault import Fault
from demo.receivers import Receivers
from demo.restores import DrillJob
from demo.walkthrough import PassResult, Step, walk_through
from workflows.commands import PreparedPlan, prepare, undelivered_lines, utc_now, write_configured_reports
from workflows.monitor import run_pass
from workflows.restoring.command import drill_task, promised_drills, record_text
from workflows.restoring.drill import drill
from workflows.serve import serve_with
from workflows.signals import HangupSignal
from workflows.terminal import ansi_color, escape_control, findings_text

DEFAULT_FAULTS = ("policy-using-true", "dump-stale", "function-error-burst")
HISTORY_FILE = "demo.db"


def faults_text() -> str:
    """Every fault, one line each."""
    return "\n".join(f"{fault.name:<24} {fault.title}" for fault in FAULTS)


def run_demo(config: Path, names: Sequence[str], *, keep: bool, environ: Mapping[str, str]) -> int:
    """Runs the demo; 0 when every step had the expected result, else 1. With `keep`, then serves until a signal.

    Raises: BasewatchError, for a fault that does not exist.
    """
    faults = _named(names or DEFAULT_FAULTS)
    with ExitStack() as stack:
        terminal = Terminal()
        terminal.begin_step("Start SecureBase in a sandbox")
        from demo.sandbox import start_sandbox  # noqa: PLC0415  # moto takes seconds to import: print the first line before

        directory = Path(stack.enter_context(TemporaryDirectory(prefix="basewatch-demo-")))
        receivers = stack.enter_context(Receivers())
        box = stack.enter_context(start_sandbox(directory, now=utc_now()))
        terminal.line(
            "a PostgreSQL server with tenants, an AWS account simulated by moto, and receivers for Slack and PagerDuty"
        )
        environ = {**environ, **box.environment, **receivers.environment}
        load = partial(prepare, config, environ, recorded=True)
        prepared = load()
        history = stack.enter_context(DrilledHistory.open(_fresh_history(prepared)))
        history.drills = box.drills
        runs = DemoRuns(prepared, history, receivers, terminal)
        runs.drill(box.drills)
        as_expected = [runs.report_step(step) for step in walk_through(box, faults, runs, runs.unresolved_alerts)]
        terminal.begin_step("Reports")
        for path in runs.paths:
            terminal.line(str(path))
        if keep:
            terminal.begin_step(f"Serving http://{prepared.plan.config.web.listen}/metrics until Ctrl-C")
            for name, value in box.environment.items():
                terminal.line(f"{name}={value}")
            serve_with(prepared, "", history, load=load, hangup=HangupSignal())
        return 0 if all(as_expected) else 1


def _named(names: Sequence[str]) -> tuple[Fault, ...]:
    known = {fault.name: fault for fault in FAULTS}
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise BasewatchError(
                f"there is no fault {name}; " + (f"did you mean {close[0]}?" if close else "see --list-faults")
            )
    return tuple(known[name] for name in names)


def _fresh_history(prepared: PreparedPlan) -> str:
    """A new history for the demo, separate from the configured one and from earlier demos."""
    path = Path(prepared.plan.config.reports.directory) / HISTORY_FILE
    for stale in path.parent.glob(f"{HISTORY_FILE}*"):
        stale.unlink()
    return f"sqlite:///{path}"


class DrilledHistory(History):
    """A history with the drills of the sandbox, which a fault changes and its repair takes back."""

    drills: DrillJob | None = None

    def restore_tests(self) -> tuple[RestoreRecord, ...]:
        """What the drills of the sandbox found."""
        return tuple(self.drills.records) if self.drills else ()


class Terminal:
    """Prints the steps of the demo on standard output."""

    def __init__(self) -> None:
        self.colour = sys.stdout.isatty()
        self._started = time.monotonic()

    def begin_step(self, title: str) -> None:
        """Prints the title of a step, with the time since the start."""
        elapsed = f"{time.monotonic() - self._started:5.1f} s"
        typer.echo(f"\n{ansi_color(elapsed, '2', colour=self.colour)}  {ansi_color(title, '1', colour=self.colour)}")

    def line(self, text: str) -> None:
        """Prints one or more lines."""
        for line in text.splitlines():
            typer.echo(f"         {line}".rstrip())


class DemoRuns:
    """The passes of the demo; each prints its findings and the notifications that the receivers got."""

    def __init__(self, prepared: PreparedPlan, history: History, receivers: Receivers, terminal: Terminal) -> None:
        self._prepared = prepared
        self._history = history
        self._receivers = receivers
        self._terminal = terminal
        self._channels = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
        self.begin_step, self.line = terminal.begin_step, terminal.line
        self.paths: tuple[Path, ...] = ()

    def drill(self, drills: DrillJob) -> None:
        """Makes a real drill of the newest dump, from which those of the faults differ."""
        (promised,) = promised_drills(self._prepared)
        record = drill(drill_task(self._prepared, promised, self._history))
        self.line(record_text(record))
        drills.begin(record)

    def make_pass(self) -> PassResult:
        """Makes one pass, and prints its findings and notifications."""
        began = time.monotonic()
        delivered = run_pass(self._prepared.plan, self._prepared.sessions, self._history, self._channels, utc_now)
        self.line(findings_text(delivered.run.findings, colour=self._terminal.colour, brief=True))
        self.line(f"in {time.monotonic() - began:.1f} s")
        for message in self._receivers.new_messages():
            self.line("\n" + "\n".join(escape_control(line) for line in message.splitlines()))
        written = write_configured_reports(self._prepared.plan, delivered)
        self.paths = written.paths
        return PassResult(
            run=delivered.run,
            delivered=delivered.delivery.delivered,
            undelivered=(*undelivered_lines(delivered), *written.problems),
        )

    def report_step(self, step: Step) -> bool:
        """Whether a step had the expected result; prints each difference."""
        for mismatch in step.mismatches:
            self.line(ansi_color(f"✗ {mismatch}", "31;1", colour=self._terminal.colour))
        if not step.mismatches:
            self.line(ansi_color(f"✓ {step.title}", "32;1", colour=self._terminal.colour))
        return not step.mismatches

    def unresolved_alerts(self) -> tuple[str, ...]:
        """The open incidents at PagerDuty, and the open alerts in the history."""
        incidents = (f"PagerDuty incident {key}" for key in self._receivers.pagerduty.incidents)
        return (*incidents, *(f"{alert.channel} {alert.key}" for alert in self._history.open_alerts()))
