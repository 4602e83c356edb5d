"""What people must know of the history: that it is new, that it failed, or that rows of it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.history import HistoryStatus
from basewatch.history.store import History
from basewatch.model import Run

NOTHING_RECORDED = "No earlier run is recorded, so this may repeat."
"""The note of the messages of a first pass, which may be the first after its history was lost."""


def no_earlier_run(history: History) -> str:
    """What a reader must know of a run that is the first of its history."""
    return (
        f"There is no earlier run in the history {history.url}. If this is not the first pass, it was lost: "
        "alerts may repeat, those that ended meanwhile are closed only where a channel knows them by key, "
        "and the chain of seals begins anew"
    )


def first_run_remarks(run: Run, history: History) -> Iterator[str]:
    """What must be said of the first run of a history, for it may not be the first pass."""
    if (note := no_earlier_run(history)) in run.notes:
        yield note


def history_remarks(status: HistoryStatus) -> Iterator[str]:
    """What happened to the history although the pass was recorded: rows that were set aside, or a short failure."""
    for row in status.set_aside:
        yield f"a row of the history cannot be read and was set aside, in its table set_aside: {row}"
    if status.up and status.overcome:
        yield f"{status.overcome}. The pass was recorded nevertheless"


def history_lines(status: HistoryStatus) -> tuple[str, ...]:
    """One line if the history cannot be used: why, and what that means."""
    if status.up:
        return ()
    return (f"{status.problem}. The pass was reported and notified, but not recorded: the next pass may notify again",)
