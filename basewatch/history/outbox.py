"""Notifications: queued in the transaction of their run, claimed before they are sent, kept until they are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from basewatch.facts import from_json, to_json
from basewatch.history.rotten import parsed
from basewatch.history.tables import notifications as table
from basewatch.history.values import OpenAlert, PendingNotification
from basewatch.notifier import Action, Notification, Receipt


class DeliveryState(StrEnum):
    """The state of a message: FAILED is final, and SUPERSEDED is not sent because a later message replaced it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"


# A channel knows of these, or will; it never got a message that failed.
_NOTIFIED = table.c.state.in_((DeliveryState.PENDING, DeliveryState.DELIVERED))


def open_alerts(connection: Connection) -> tuple[OpenAlert, ...]:
    """Every alert whose last message, delivered or pending, opened it; in order of that message."""
    last = select(func.max(table.c.sequence)).where(_NOTIFIED).group_by(table.c.channel, table.c.key)
    query = select(table).where(table.c.sequence.in_(last), table.c.action != Action.RESOLVE).order_by(table.c.sequence)
    return tuple(parsed(connection, query, table, _open_alert))


def enqueue(connection: Connection, notifications: Sequence[Notification]) -> None:
    """Adds each message that is still news to its channel; another run may have queued the others in between.

    A resolve supersedes the fires before it that were not delivered. If none of them was attempted, the channel does
    not know of the alert, and the resolve is not sent either. A fire that was attempted may have arrived.
    """
    last = {(alert.channel, alert.key): alert.last_notification.id for alert in open_alerts(connection)}
    for notification in notifications:
        # Of two runs that decided on the same, the second follows what is no longer the last.
        if last.get((notification.channel, notification.key), "") != notification.follows:
            continue
        if notification.action is Action.RESOLVE and notification.follows:
            attempted = _was_attempted(connection, notification)
            _supersede_fires(connection, notification)
            _add(connection, notification, DeliveryState.PENDING if attempted else DeliveryState.SUPERSEDED)
        elif not _is_known(connection, notification):
            _add(connection, notification, DeliveryState.PENDING)


def pending(connection: Connection) -> tuple[PendingNotification, ...]:
    """Every message that is not accepted yet, oldest first."""
    query = select(table).where(table.c.state == DeliveryState.PENDING).order_by(table.c.sequence)
    # Neither sent nor known as sent: without a valid state, a message would be lost in silence.
    unknown = select(table).where(table.c.state.not_in(list(DeliveryState)) | table.c.action.not_in(list(Action)))
    parsed(connection, unknown, table, _with_a_known_state)
    return tuple(parsed(connection, query, table, _pending))


def claim(connection: Connection, id_: str, now: datetime, until: datetime) -> bool:
    """Whether the caller may send the message now. No other process may before `until`, even if the caller dies."""
    claimed = connection.execute(
        update(table)
        .where(table.c.id == id_, table.c.state == DeliveryState.PENDING, table.c.next_attempt_at <= now)
        .values(attempts=table.c.attempts + 1, next_attempt_at=until)
    )
    return claimed.rowcount == 1


def mark_delivered(connection: Connection, id_: str, receipt: Receipt, at: datetime) -> None:
    """Records that the channel accepted the message."""
    values = {"state": DeliveryState.DELIVERED, "delivered_at": at, "reference": receipt.reference, "error": ""}
    connection.execute(update(table).where(table.c.id == id_).values(values))


def mark_failed(connection: Connection, id_: str, error: str, next_attempt_at: datetime | None) -> None:
    """Records why the channel did not accept the message, and when to try again; None means never."""
    values: dict[str, Any] = {"error": error}
    values |= {"state": DeliveryState.FAILED} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    connection.execute(update(table).where(table.c.id == id_, table.c.state == DeliveryState.PENDING).values(values))


def _open_alert(row: RowMapping) -> OpenAlert:
    return OpenAlert(last_notification=_notification(row), delivered=row["state"] == DeliveryState.DELIVERED)


def _pending(row: RowMapping) -> PendingNotification:
    return PendingNotification(
        notification=_notification(row),
        attempts=int(row["attempts"]),
        next_attempt_at=row["next_attempt_at"],
        error=row["error"],
    )


def _notification(row: RowMapping) -> Notification:
    """The notification of a row. Raises: ValueError, when its columns say another thing than its content."""
    read = from_json(Notification, row["notification"])
    if any(getattr(read, name) != row[name] for name in ("id", "channel", "key", "action")):
        raise ValueError("its columns contradict its content")
    return read


def _with_a_known_state(row: RowMapping) -> None:
    Action(row["action"])
    DeliveryState(row["state"])


def _is_known(connection: Connection, notification: Notification) -> bool:
    return bool(connection.execute(select(func.count()).where(table.c.id == notification.id)).scalar())


def _alert(query: Select[Any], notification: Notification) -> Select[Any]:
    return query.where(table.c.channel == notification.channel, table.c.key == notification.key)


def _was_attempted(connection: Connection, resolve: Notification) -> bool:
    """Whether a fire since the last resolve was attempted and may have arrived."""
    resolved = _alert(select(func.max(table.c.sequence)).where(_NOTIFIED, table.c.action == Action.RESOLVE), resolve)
    since = connection.execute(resolved).scalar() or 0
    tried = select(func.count()).where(
        table.c.sequence > since,
        table.c.state != DeliveryState.FAILED,
        table.c.action == Action.FIRE,
        table.c.attempts > 0,
    )
    return bool(connection.execute(_alert(tried, resolve)).scalar())


def _supersede_fires(connection: Connection, resolve: Notification) -> None:
    connection.execute(
        update(table)
        .where(table.c.channel == resolve.channel, table.c.key == resolve.key)
        .where(table.c.action == Action.FIRE, table.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.SUPERSEDED)
    )


def _add(connection: Connection, notification: Notification, state: DeliveryState) -> None:
    connection.execute(
        insert(table).values(
            id=notification.id,
            channel=notification.channel,
            key=notification.key,
            action=notification.action,
            state=state,
            attempts=0,
            next_attempt_at=notification.at,
            reference="",
            error="",
            notification=to_json(Notification, notification),
        )
    )
