"""Records a run with its messages, sealed after the newest one, and recomputes every seal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from basewatch.condition import Condition
from basewatch.errors import HistoryError
from basewatch.history import outbox, rows, seal
from basewatch.history.acknowledgements import acknowledged_keys
from basewatch.history.conditions import read_conditions, write_conditions
from basewatch.history.engine import is_in_memory
from basewatch.history.rotten import UNREADABLE, found_before, messages_set_aside, note_decision, reason_of
from basewatch.history.tables import runs
from basewatch.history.values import AlertState, ChainVerification
from basewatch.model import Run
from basewatch.notifier import Message

HISTORY_DOWN = "The history is down, so this may repeat."
"""The note of a message that is queued in memory: an earlier pass may have sent it, and a later one may again."""


def record(
    connection: Connection,
    *,
    run: Run,
    messages: Sequence[Message],
    conditions: Sequence[Condition] | None,
    notes: Callable[[], Sequence[str]],
    known: AlertState,
) -> tuple[Run, str]:
    """Records the run and the conditions, and queues its messages; returns the run with `notes` and its seal.

    In a database in memory the messages are queued whatever happens to the run; the run that is returned has no
    seal, and beside it is why it cannot be kept even there. `known` is what the messages were decided on.
    Raises: HistoryError, when the run would not read back the same.
    """
    run = replace(run, notes=(*run.notes, *notes()))
    if not is_in_memory(connection):
        recorded = rows.find_run(connection, run.id)
        if recorded is not None and replace(recorded, previous_seal="", seal="") == run:
            return recorded, ""  # the session was lost while it was committed
        sealed = add_run(connection, run)
        remember(connection, messages, conditions)
        if not known.continuous:
            note_decision(connection)
        return sealed, ""
    problem = ""
    try:
        with connection.begin_nested():
            add_run(connection, run)
    except (HistoryError, SQLAlchemyError, *UNREADABLE) as error:
        problem = f"run {run.id} cannot be recorded: {reason_of(error)}"
    outbox.restore(connection, known.open_alerts)
    remember(connection, messages, conditions)
    note_decision(connection)
    return replace(run, previous_seal="", seal=""), problem


def remember(connection: Connection, messages: Sequence[Message], conditions: Sequence[Condition] | None) -> None:
    """Queues the messages and records the conditions of a decision; None leaves those as they are."""
    if is_in_memory(connection):
        messages = [_doubted(message) for message in messages]
    outbox.enqueue(connection, messages)
    if conditions is not None:
        write_conditions(connection, conditions)


def alert_state(connection: Connection) -> AlertState:
    """What the next decision on alerts rests on."""
    open_alerts = outbox.open_alerts(connection)
    return AlertState(
        open_alerts=open_alerts,
        conditions=read_conditions(connection),
        acknowledged=acknowledged_keys(connection, open_alerts),
        continuous=_is_continuous(connection),
    )


def _is_continuous(connection: Connection) -> bool:
    recorded = connection.execute(select(runs.c.sequence).limit(1)).scalar() is not None
    return recorded and not connection.execute(messages_set_aside().limit(1)).first()


def add_run(connection: Connection, run: Run) -> Run:
    """Seals the run after the newest one and adds it. Raises: HistoryError.

    The run is read back and its seal recomputed before the commit, so that every recorded run can be verified.
    """
    newest = connection.execute(select(runs.c.seal).order_by(runs.c.sequence.desc()).limit(1)).scalar()
    sealed = seal.seal(run, newest or "")
    number = rows.write_run(connection, sealed)
    if problem := _problem(connection, number, sealed.previous_seal):
        raise HistoryError(f"run {run.id} was not recorded, because it would not read back the same: {problem}")
    return sealed


def _doubted(message: Message) -> Message:
    doubted = (
        each if HISTORY_DOWN in each.note else replace(each, note=f"{each.note} {HISTORY_DOWN}".strip())
        for each in message.notifications
    )
    return replace(message, notifications=tuple(doubted))


def verify(connection: Connection) -> ChainVerification:
    """Recomputes every seal, oldest first, and stops at the first run that does not match."""
    previous, verified, aside = "", 0, found_before(connection)
    for sequence, name, sealed in connection.execute(
        select(runs.c.sequence, runs.c.id, runs.c.seal).order_by(runs.c.sequence)
    ):
        problem = _problem(connection, sequence, previous)
        if problem:
            return ChainVerification(verified_runs=verified, first_invalid_run=name, problem=problem, set_aside=aside)
        previous, verified = sealed, verified + 1
    return ChainVerification(verified_runs=verified, set_aside=aside)


def _problem(connection: Connection, sequence: int, previous_seal: str) -> str:
    try:
        row = connection.execute(select(runs).where(runs.c.sequence == sequence)).mappings().one()
        return seal.problem(rows.read_run(connection, row), previous_seal)
    except UNREADABLE as error:
        return f"it can no longer be read: {error}"
