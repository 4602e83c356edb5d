"""The messages owed to channels: queued with their run, claimed before they are sent, and kept until they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from basewatch.facts import from_json, to_json
from basewatch.history.tables import notifications as table
from basewatch.history.values import OpenAlert, PendingNotification
from basewatch.notifier import Action, Notification, Receipt


class DeliveryState(StrEnum):
    """Where a message stands; FAILED is for good, and SUPERSEDED will not be sent because it no longer matters."""

    PENDING = "owed"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"


# What a channel knows, or will: a message that failed for good told nobody anything.
_TOLD = table.c.state.in_((DeliveryState.PENDING, DeliveryState.DELIVERED))


def open_alerts(connection: Connection) -> tuple[OpenAlert, ...]:
    """Every alert whose last message, delivered or owed, opened it; in the order they were told."""
    last = select(func.max(table.c.sequence)).where(_TOLD).group_by(table.c.channel, table.c.key)
    query = select(table).where(table.c.sequence.in_(last), table.c.action == Action.FIRE).order_by(table.c.sequence)
    return tuple(
        OpenAlert(
            last_notification=from_json(Notification, row["notification"]),
            delivered=row["state"] == DeliveryState.DELIVERED,
        )
        for row in connection.execute(query).mappings()
    )


def enqueue(connection: Connection, notifications: Sequence[Notification]) -> None:
    """Adds each message that still tells its channel something new; the rest were queued by a run in between.

    A resolve replaces the fires before it that were not delivered. If none of them was even tried, the channel never
    heard of the alert, and the resolve is not sent either; a fire that was tried may have arrived, so it is.
    """
    told = {(alert.channel, alert.key): alert.status for alert in open_alerts(connection)}
    for notification in notifications:
        status = told.get((notification.channel, notification.key))
        if notification.action is Action.FIRE and status is not notification.status:
            _add(connection, notification, DeliveryState.PENDING)
        elif notification.action is Action.RESOLVE and status is not None:
            heard = _heard(connection, notification)
            _supersede_fires(connection, notification)
            _add(connection, notification, DeliveryState.PENDING if heard else DeliveryState.SUPERSEDED)


def pending(connection: Connection) -> tuple[PendingNotification, ...]:
    """Every message not yet taken, oldest first."""
    query = select(table).where(table.c.state == DeliveryState.PENDING).order_by(table.c.sequence)
    return tuple(
        PendingNotification(
            notification=from_json(Notification, row["notification"]),
            attempts=row["attempts"],
            next_attempt_at=row["next_attempt_at"],
            error=row["error"],
        )
        for row in connection.execute(query).mappings()
    )


def claim(connection: Connection, id_: str, now: datetime, until: datetime) -> bool:
    """Whether the caller may send the message now; nobody else may until `until`, also when the caller dies."""
    claimed = connection.execute(
        update(table)
        .where(table.c.id == id_, table.c.state == DeliveryState.PENDING, table.c.next_attempt_at <= now)
        .values(attempts=table.c.attempts + 1, next_attempt_at=until)
    )
    return claimed.rowcount == 1


def mark_delivered(connection: Connection, id_: str, receipt: Receipt, at: datetime) -> None:
    """Notes that the channel took the message."""
    values = {"state": DeliveryState.DELIVERED, "delivered_at": at, "reference": receipt.reference, "error": ""}
    connection.execute(update(table).where(table.c.id == id_).values(values))


def mark_failed(connection: Connection, id_: str, error: str, next_attempt_at: datetime | None) -> None:
    """Notes why the channel did not take the message, and when to try again; None means never."""
    values: dict[str, Any] = {"error": error}
    values |= {"state": DeliveryState.FAILED} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    connection.execute(update(table).where(table.c.id == id_, table.c.state == DeliveryState.PENDING).values(values))


def _alert(query: Select[Any], notification: Notification) -> Select[Any]:
    return query.where(table.c.channel == notification.channel, table.c.key == notification.key)


def _heard(connection: Connection, resolve: Notification) -> bool:
    """Whether any fire since the last resolve was tried and may have arrived."""
    resolved = _alert(select(func.max(table.c.sequence)).where(_TOLD, table.c.action == Action.RESOLVE), resolve)
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
