"""Kills a process at each statement of recording and delivering, and opens what is left: run as a program."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, event

from basewatch.history.store import History
from basewatch.notifier import Receipt
from tests.fakes import NOON, a_finding, a_run, messages_due, picture_of

RECORDED, DELIVERED = b"r", b"d"
FAILING = a_finding()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a history holds."""

    runs: int
    pending: int
    open: int


def main(folder: Path) -> None:
    """Kills at the first statement, at the second, and so on, until one process ends by itself."""
    template = folder / "template.db"
    History.open(f"sqlite:///{template}").close()
    for number in range(1, 1000):
        database = folder / f"{number}.db"
        shutil.copy(template, database)
        said = _until_killed(number, database)
        alone, whole = _left(database, alone=True), _left(database, alone=False)
        # What the process was told is recorded is in the file alone; the log beside it may hold more, never less.
        assert alone.runs >= said.count(RECORDED), (number, said, alone)
        assert alone.pending <= 2 - said.count(DELIVERED) or not alone.runs, (number, said, alone)
        assert alone.runs == 0 or alone.open == 2, (number, said, alone)
        assert (whole.runs, -whole.pending) >= (alone.runs, -alone.pending), (number, said, alone, whole)
        if said.endswith(b"!"):
            print(f"{number} processes, all but the last killed")  # noqa: T201  # the program's result
            return
    raise AssertionError("no process came to its end")


def _until_killed(number: int, database: Path) -> bytes:
    """What a process said before it was killed at its statement of that number, or `!` at its end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _die_at(number)
        _record_and_deliver(database, lambda said: os.write(writer, said))
        os.write(writer, b"!")
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def _die_at(number: int) -> None:
    left = number

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, count)


def _record_and_deliver(database: Path, say: Callable[[bytes], object]) -> None:
    history = History.open(f"sqlite:///{database}")
    run = a_run(FAILING)
    history.record(run, messages_due(picture_of(run)))
    say(RECORDED)
    for pending in history.pending_messages():
        history.claim(pending.id, NOON, NOON + timedelta(seconds=30), even_early=True)
        history.mark_delivered(pending.id, Receipt(channel=pending.channel), NOON)
        say(DELIVERED)


def _left(database: Path, *, alone: bool) -> Left:
    """What a copy of the file holds, with or without the files beside it."""
    copied = database.with_name(f"copy-{alone}-{database.name}")
    shutil.copy(database, copied)
    log = database.with_name(f"{database.name}-wal")
    if not alone and log.exists():
        shutil.copy(log, copied.with_name(f"{copied.name}-wal"))
    with History.open(f"sqlite:///{copied}") as history:
        chain = history.verify()
        assert chain.valid
        return Left(runs=chain.verified_runs, pending=len(history.pending_messages()), open=len(history.open_alerts()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
