"""What `basewatch demo` does: starts the box, tells its story with real passes, and leaves the reports behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from alerts import notifiers
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from demo.faults import FAULTS
from demo.faults.fault import Fault
from demo.receivers import Receivers
from demo.walkthrough import PassResult, Step, walk_through
from workflows.commands import PreparedPlan, prepare, undelivered_lines, utc_now, write_configured_reports
from workflows.monitor import run_pass
from workflows.serve import serve_with
from workflows.terminal import ansi_color, escape_control, findings_text

DEFAULT_FAULTS = ("policy-using-true", "dump-stale", "function-error-burst")
HISTORY_FILE = "demo.db"


def faults_text() -> str:
    """Every fault there is, one line each."""
    return "\n".join(f"{fault.name:<24} {fault.title}" for fault in FAULTS)


def run_demo(config: Path, names: Sequence[str], *, keep: bool, environ: Mapping[str, str]) -> int:
    """Tells the story; 0 when every stage came out as told, else 1. With `keep`, serves the box until told to stop.

    Raises: BasewatchError, for a fault that does not exist.
    """
    faults = _named(names or DEFAULT_FAULTS)
    with ExitStack() as stack:
        terminal = Terminal()
        terminal.begin_step("SecureBase comes up in a box")
        from demo.box import start_sandbox  # noqa: PLC0415  # moto takes seconds to import, and somebody is watching

        directory = Path(stack.enter_context(TemporaryDirectory(prefix="basewatch-demo-")))
        receivers = stack.enter_context(Receivers())
        box = stack.enter_context(start_sandbox(directory, now=utc_now()))
        terminal.line("a PostgreSQL with its tenants, an AWS account by moto, Slack and PagerDuty that listen")
        prepared = prepare(config, {**environ, **box.environment, **receivers.environment})
        history = stack.enter_context(History.open(_fresh_history(prepared)))
        passes = DemoRuns(prepared, history, receivers, terminal)
        as_told = [passes.report_stage(stage) for stage in walk_through(box, faults, passes, passes.unresolved_alerts)]
        terminal.begin_step("What is left to read")
        for path in passes.paths:
            terminal.line(str(path))
        if keep:
            terminal.begin_step(f"Serving http://{prepared.plan.config.web.listen}/metrics until Ctrl-C")
            for name, value in box.environment.items():
                terminal.line(f"{name}={value}")
            serve_with(prepared, prepared.plan.config.web.listen, history)
        return 0 if all(as_told) else 1


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
    """A history of the demo's own: it must not end up in production's, nor depend on an earlier demo."""
    path = Path(prepared.plan.config.reports.directory) / HISTORY_FILE
    for stale in path.parent.glob(f"{HISTORY_FILE}*"):
        stale.unlink()
    return f"sqlite:///{path}"


class Terminal:
    """Tells the story on standard output as it happens."""

    def __init__(self) -> None:
        self.colour = sys.stdout.isatty()
        self._started = time.monotonic()

    def begin_step(self, title: str) -> None:
        """A new stage begins."""
        elapsed = f"{time.monotonic() - self._started:5.1f} s"
        typer.echo(f"\n{ansi_color(elapsed, '2', colour=self.colour)}  {ansi_color(title, '1', colour=self.colour)}")

    def line(self, text: str) -> None:
        """One or more lines of it."""
        for line in text.splitlines():
            typer.echo(f"         {line}".rstrip())


class DemoRuns:
    """The story's audience: makes real passes, and shows what they found and what reached people."""

    def __init__(self, prepared: PreparedPlan, history: History, receivers: Receivers, terminal: Terminal) -> None:
        self._prepared = prepared
        self._history = history
        self._receivers = receivers
        self._terminal = terminal
        self._channels = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
        self.begin_step, self.line = terminal.begin_step, terminal.line
        self.paths: tuple[Path, ...] = ()

    def make_pass(self) -> PassResult:
        """One pass, shown with the alerts that arrived because of it."""
        began = time.monotonic()
        passed = run_pass(self._prepared.plan, self._prepared.sessions, self._history, self._channels, utc_now)
        self.line(findings_text(passed.run.findings, colour=self._terminal.colour, brief=True))
        self.line(f"in {time.monotonic() - began:.1f} s")
        for message in self._receivers.new_messages():
            self.line("\n" + "\n".join(escape_control(line) for line in message.splitlines()))
        written = write_configured_reports(self._prepared.plan, passed)
        self.paths = written.paths
        return PassResult(
            run=passed.run,
            delivered=passed.delivery.delivered,
            undelivered=(*undelivered_lines(passed), *written.problems),
        )

    def report_stage(self, stage: Step) -> bool:
        """Whether a stage came out as told; what did not is shown."""
        for surprise in stage.mismatches:
            self.line(ansi_color(f"✗ {surprise}", "31;1", colour=self._terminal.colour))
        if not stage.mismatches:
            self.line(ansi_color(f"✓ {stage.title}", "32;1", colour=self._terminal.colour))
        return not stage.mismatches

    def unresolved_alerts(self) -> tuple[str, ...]:
        """The incidents that are open at PagerDuty, and the alerts Basewatch itself believes to be open."""
        incidents = (f"PagerDuty incident {key}" for key in self._receivers.pagerduty.incidents)
        return (*incidents, *(f"{alert.channel} {alert.key}" for alert in self._history.open_alerts()))
