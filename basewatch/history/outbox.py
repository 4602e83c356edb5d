"""The outbox: messages are queued in the transaction of their run, and kept until their channel accepts them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, func, insert, or_, select, update

from basewatch.facts import to_json
from basewatch.history.delivery_state import NOTIFIED, DeliveryState, notification_of
from basewatch.history.episodes import AlertInChannel, Episode, batches, episodes, opening_of
from basewatch.history.reopening import reopen
from basewatch.history.rotten import parsed
from basewatch.history.tables import notifications as table
from basewatch.history.values import Backlog, OpenAlert
from basewatch.model import Severity
from basewatch.notifier import Action, Message, Notification, Receipt
from basewatch.outbox import LONGEST_WAIT, Claim, PendingMessage, Unclaimed

NOT_TOLD: Final = "No message said that this had begun: the channel accepted none."
PERHAPS_NOT_TOLD: Final = "Perhaps no message said that this had begun: the channel confirmed none."
_PENDING: Final = DeliveryState.PENDING


def open_alerts(connection: Connection) -> tuple[OpenAlert, ...]:
    """Every alert whose last notification, delivered or pending, does not resolve it; in order of that notification."""
    last = select(func.max(table.c.sequence)).where(table.c.state.in_(NOTIFIED)).group_by(table.c.channel, table.c.key)
    query = select(table).where(table.c.sequence.in_(last), table.c.action != Action.RESOLVE)
    return tuple(parsed(connection, query.order_by(table.c.sequence), table, _open_alert))


def last_delivered(connection: Connection, key: str) -> Mapping[str, datetime]:
    """When each channel last accepted a fire of this alert, by channel."""
    fired = (table.c.key == key, table.c.action == Action.FIRE, table.c.state == DeliveryState.DELIVERED)
    query = select(table.c.channel, func.max(table.c.delivered_at)).where(*fired).group_by(table.c.channel)
    return {channel: at for channel, at in connection.execute(query) if at is not None}


def opening_references(connection: Connection, alerts: Iterable[AlertInChannel]) -> Mapping[AlertInChannel, str]:
    """The channel's reference of the message that opened each of these alerts; without those that have none."""
    found = {alert: episode.reference for alert, episode in episodes(connection, alerts).items()}
    return {alert: reference for alert, reference in found.items() if reference}


def enqueue(connection: Connection, messages: Sequence[Message]) -> None:
    """Adds each notification that is still news to its channel; another run may have queued the others in between.

    What is added supersedes what it makes pointless: a resolve the fires and reminders that were not delivered. If the
    channel certainly knows nothing of the alert, its resolve is not sent either, unless it was critical: then that
    says that nobody was told. What continues an earlier message, of
    which the channel gave a reference, becomes a message of its own, with all that continues the same.
    """
    known = episodes(connection, ((each.channel, each.key) for message in messages for each in message.notifications))
    open_ = {(alert.channel, alert.key): alert for alert in open_alerts(connection)}
    rows: list[dict[str, Any]] = []
    superseded: list[int] = []
    for message in messages:
        for each in message.notifications:
            episode = known[each.channel, each.key]
            if _is_news(each, open_.get((each.channel, each.key))):
                superseded += episode.made_pointless_by(each.action)
                notification, state = _resolve(each, episode) if each.action is Action.RESOLVE else (each, _PENDING)
                rows.append(_row(notification, _message_id(message, episode), state))
    if superseded:
        # One by one: a database limits how many values one statement may have.
        is_one = table.c.sequence == bindparam("superseded")
        connection.execute(
            update(table).where(is_one).values(state=DeliveryState.SUPERSEDED),
            [{"superseded": number} for number in superseded],
        )
    stored = _stored_ids(connection, [row["id"] for row in rows])
    if added := [row for row in rows if row["id"] not in stored]:
        connection.execute(insert(table), added)


def restore(connection: Connection, alerts: Sequence[OpenAlert]) -> None:
    """Adds each alert that is not stored as one that its last message opened."""
    # The fire itself may be older, but a channel that got a reminder knows of the alert.
    fires = {alert.last_notification.id: replace(alert.last_notification, action=Action.FIRE) for alert in alerts}
    states = {
        alert.last_notification.id: DeliveryState.DELIVERED if alert.delivered else DeliveryState.PENDING
        for alert in alerts
    }
    stored = _stored_ids(connection, list(fires))
    if added := [_row(fire, fire.id, states[id_]) for id_, fire in fires.items() if id_ not in stored]:
        connection.execute(insert(table), added)


def pending_messages(connection: Connection) -> tuple[PendingMessage, ...]:
    """Every message that its channel has not accepted yet, oldest first."""
    query = select(table).where(table.c.state == DeliveryState.PENDING).order_by(table.c.sequence)
    # Neither sent nor known as sent: without a valid state, a message would be lost in silence.
    unknown = select(table).where(table.c.state.not_in(list(DeliveryState)) | table.c.action.not_in(list(Action)))
    parsed(connection, unknown, table, _with_a_known_state)
    messages: dict[tuple[str, str], list[tuple[RowMapping, Notification]]] = {}
    for row, notification in parsed(connection, query, table, _row_and_notification):
        messages.setdefault((row["channel"], row["message"]), []).append((row, notification))
    return tuple(_pending(rows) for rows in messages.values())


def backlogs(connection: Connection) -> Mapping[str, Backlog]:
    """What is pending for each channel that has something pending. It reads one notification for each channel."""
    pending = table.c.state == DeliveryState.PENDING
    counted = select(table.c.channel, func.count(), func.min(table.c.sequence)).where(pending).group_by(table.c.channel)
    found = {first: (channel, count) for channel, count, first in connection.execute(counted)}
    oldest = select(table).where(table.c.sequence.in_(found))
    return {
        row["channel"]: Backlog(notifications=found[row["sequence"]][1], oldest=notification.at)
        for row, notification in parsed(connection, oldest, table, _row_and_notification)
    }


def claim(connection: Connection, id_: str, now: datetime, until: datetime, *, even_early: bool) -> Claim:
    """The message as it is to be sent now, and by nobody else before `until`, even if the caller dies."""
    pending = (table.c.message == id_) & (table.c.state == DeliveryState.PENDING)
    free = _past(table.c.claimed_until, now)
    claimed = connection.execute(
        update(table)
        .where(pending, free, *(() if even_early else (_past(table.c.next_attempt_at, now),)))
        .values(attempts=table.c.attempts + 1, doubtful=table.c.doubtful + 1, claimed_until=until)
    )
    query = select(table).where(pending).order_by(table.c.sequence)
    rows = parsed(connection, query, table, _row_and_notification)
    if not rows:
        return Unclaimed(until=None)
    if not claimed.rowcount:
        return Unclaimed(until=max(filter(None, (rows[0][0]["claimed_until"], rows[0][0]["next_attempt_at"]))))
    notifications = tuple(notification for _, notification in rows)
    opening = opening_of(connection, rows[0][0], notifications)
    return Message(id=id_, channel=rows[0][0]["channel"], notifications=notifications, opening=opening)


def mark_delivered(connection: Connection, id_: str, receipt: Receipt, at: datetime) -> None:
    """Records that the channel accepted the message, also what was superseded while it was sent."""
    accepted = {"delivered_at": at, "reference": receipt.reference, "error": "", "claimed_until": None}
    of_message = (table.c.message == id_, table.c.attempts > 0)
    pending = table.c.state == DeliveryState.PENDING
    superseded = table.c.state == DeliveryState.SUPERSEDED
    connection.execute(update(table).where(*of_message, superseded).values(accepted))
    connection.execute(update(table).where(*of_message, pending).values(state=DeliveryState.DELIVERED, **accepted))


def mark_failed(
    connection: Connection, id_: str, error: str, next_attempt_at: datetime | None, *, arrived: bool
) -> None:
    """Records why the channel did not accept the message, and when to try again; None means never."""
    values: dict[str, Any] = {"error": error, "claimed_until": None}
    if not arrived:
        values["doubtful"] = table.c.doubtful - 1
    values |= {"state": DeliveryState.FAILED} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    of_message = (table.c.message == id_, table.c.state == DeliveryState.PENDING)
    resolves = (*of_message, table.c.action == Action.RESOLVE)
    ended = select(table.c.channel, table.c.key, table.c.sequence).where(*resolves)
    refused = () if next_attempt_at else connection.execute(ended).all()
    connection.execute(update(table).where(*of_message).values(values))
    for channel, key, sequence in refused:
        reopen(connection, (channel, key), sequence)


def _is_news(notification: Notification, open_alert: OpenAlert | None) -> bool:
    # Of two runs that decided on the same, the second follows what is no longer the last.
    if notification.follows != (open_alert.last_notification.id if open_alert else ""):
        return False
    return notification.action is not Action.REMIND or open_alert is None or open_alert.delivered


def _stored_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    found = set[str]()
    for batch in batches(ids):
        found.update(connection.execute(select(table.c.id).where(table.c.id.in_(batch))).scalars())
    return found


def _resolve(resolve: Notification, episode: Episode) -> tuple[Notification, DeliveryState]:
    """The resolve as it is sent, and whether it is."""
    if not resolve.follows or episode.is_known:
        return resolve, _PENDING
    if not episode.may_be_known and resolve.alert.severity is not Severity.CRITICAL:
        return resolve, DeliveryState.SUPERSEDED
    note = PERHAPS_NOT_TOLD if episode.may_be_known else NOT_TOLD
    return replace(resolve, note=f"{note} {resolve.note}".strip()), _PENDING


def _message_id(message: Message, episode: Episode) -> str:
    continued = episode.opening_message
    if not continued:
        return message.id
    return f"{message.id}-{hashlib.sha256(continued.encode()).hexdigest()[:16]}"


def _past(moment: ColumnElement[datetime | None], now: datetime) -> ColumnElement[bool]:
    return or_(moment.is_(None), moment <= now, moment > now + LONGEST_WAIT)


def _open_alert(row: RowMapping) -> OpenAlert:
    return OpenAlert(last_notification=notification_of(row), delivered=row["state"] == DeliveryState.DELIVERED)


def _row_and_notification(row: RowMapping) -> tuple[RowMapping, Notification]:
    return row, notification_of(row)


def _pending(rows: Sequence[tuple[RowMapping, Notification]]) -> PendingMessage:
    row = rows[0][0]
    return PendingMessage(
        id=row["message"],
        channel=row["channel"],
        notifications=tuple(notification for _, notification in rows),
        attempts=int(row["attempts"]),
        next_attempt_at=row["next_attempt_at"],
        claimed_until=row["claimed_until"],
        error=row["error"],
    )


def _with_a_known_state(row: RowMapping) -> None:
    Action(row["action"])
    DeliveryState(row["state"])


def _row(notification: Notification, message: str, state: DeliveryState) -> dict[str, Any]:
    return {
        "id": notification.id,
        "channel": notification.channel,
        "key": notification.key,
        "action": notification.action,
        "state": state,
        "attempts": 0,
        "doubtful": 0,
        "next_attempt_at": notification.at,
        "claimed_until": None,
        "reference": "",
        "error": "",
        "message": message,
        "notification": to_json(Notification, notification),
    }
