"""Kills a process at statements of recording and delivering, and lets another one deliver: run as a program.

The arguments are a folder, and how many statements apart the kills are.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from alerts import DeliveryRetryPolicy, deliver
from basewatch.history.store import History
from basewatch.model import Severity, Status
from basewatch.notifier import Message, Receipt
from tests.fakes import ALERTS, NOON, a_finding, a_run, messages_due, picture_of

OURS = tuple(str(Path(__file__).parents[2] / part) for part in ("alerts", "basewatch"))
LATER = NOON + timedelta(hours=6)
QUICK = DeliveryRetryPolicy(backoff=(), even_early=True)
FINDINGS = [a_finding(subject=f"table {number}", severity=list(Severity)[number % 4]) for number in range(8)]


class PipeNotifier:
    """A channel that has received a message as soon as it is written, whatever becomes of the process."""

    def __init__(self, name: str, writer: int) -> None:
        self.name = name
        self._writer = writer

    def send(self, message: Message) -> Receipt:
        """Writes a line for each notification."""
        lines = (f"{self.name}\t{each.key}\t{each.action}\n" for each in message.notifications)
        os.write(self._writer, "".join(lines).encode())
        return Receipt(channel=self.name, reference="1")


def main(folder: Path, stride: int) -> None:
    """Kills at the first statement, at the one `stride` later, and so on, until one process ends by itself."""
    template = folder / "template.db"
    History.open(f"sqlite:///{template}").close()
    events, messages, kills = Counter[str](), Counter[str](), 0
    for number in range(1, 1_000_000, stride):
        database = folder / f"{number}.db"
        shutil.copy(template, database)
        first, ended = _until_killed(number, database)
        received = first + _recover(database)
        told = Counter(received)
        missing = [channel for channel in ("production-alerts", "on-call") if channel not in "".join(told)]
        assert not missing, f"killed at {number}: {missing} lost"
        # A notification is repeated under the same key, which merges it in PagerDuty.
        assert max(told.values()) <= 2, (number, told)
        for line, count in told.items():
            channel = line.split("\t")[0]
            events[channel] += count
            messages[channel] += count - 1
        kills += not ended
        database.unlink()
        if ended:
            break
    print(f"{kills} kills; 0 lost; repeated:")  # noqa: T201  # the program's result
    for channel in sorted(events):
        print(f"{channel} {messages[channel] / events[channel]:.1%}")  # noqa: T201  # see above


def _until_killed(number: int, database: Path) -> tuple[list[str], bool]:
    """What the channels received of a process before it was killed at its statement of that number."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _die_at(number)
        _pass(database, writer)
        os.write(writer, b"!")
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said.removesuffix("!").splitlines(), said.endswith("!")


def _pass(database: Path, writer: int) -> None:
    history = History.open(f"sqlite:///{database}")
    run = a_run(*FINDINGS, id="run-1")
    history.record(run, messages_due(picture_of(run), history.open_alerts()))
    channels = [PipeNotifier(channel.name, writer) for channel in ALERTS.channels]
    deliver(history, channels, lambda: NOON, QUICK)


def _recover(database: Path) -> list[str]:
    """What the next pass sends, which finds the same."""
    reader, writer = os.pipe()
    with History.open(f"sqlite:///{database}") as history:
        run = a_run(*FINDINGS, id="run-2", at=LATER)
        history.record(run, messages_due(picture_of(run, at=LATER), history.open_alerts()))
        channels = [PipeNotifier(channel.name, writer) for channel in ALERTS.channels]
        assert deliver(history, channels, lambda: LATER, QUICK).complete
        assert history.pending_messages() == ()
        assert {alert.status for alert in history.open_alerts()} == {Status.FAIL}
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return pipe.read().splitlines()


def _die_at(number: int) -> None:
    left = number

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
