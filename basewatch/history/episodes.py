"""Episodes: what a channel was sent about one alert since it was last resolved there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, assert_never

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from basewatch.history.delivery_state import NOTIFIED, DeliveryState, notification_of
from basewatch.history.rotten import parsed
from basewatch.history.tables import notifications as table
from basewatch.notifier import Action, Notification, Opening

T = TypeVar("T")
AlertInChannel: TypeAlias = tuple[str, str]
"""A channel, and the key of an alert."""

_VALUES_PER_QUERY = 500
_COLUMNS = tuple(column for column in table.columns if column.name != "notification")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """The rows of one alert in one channel since its last resolve, oldest first, without their content."""

    rows: list[RowMapping] = field(default_factory=list[RowMapping])

    @property
    def is_known(self) -> bool:
        """Whether the channel accepted a fire of it."""
        return any(each["state"] == DeliveryState.DELIVERED for each in self.rows if each["action"] == Action.FIRE)

    @property
    def may_be_known(self) -> bool:
        """Whether the channel accepted a fire of it, or may have received one all the same."""
        doubtful = (each for each in self.rows if each["action"] == Action.FIRE and each["doubtful"] > 0)
        return self.is_known or any(True for _ in doubtful)

    @property
    def opening_message(self) -> str:
        """The id of the message that opened it; empty when the channel gave no reference for one."""
        return next((each["message"] for each in self.rows if each["reference"]), "")

    @property
    def reference(self) -> str:
        """The channel's own id of the message that opened it; empty when the channel gave none."""
        return next((each["reference"] for each in self.rows if each["reference"]), "")

    def made_pointless_by(self, action: Action) -> tuple[int, ...]:
        """The sequence numbers of the rows that need not be sent any more once a notification with `action` is queued.

        A fire replaces an earlier one only if the channel certainly has not received that.
        """
        waiting = [each for each in self.rows if each["state"] == DeliveryState.PENDING]
        reminders = [each["sequence"] for each in waiting if each["action"] == Action.REMIND]
        fires = [each for each in waiting if each["action"] == Action.FIRE]
        match action:
            case Action.FIRE:
                return (*reminders, *(each["sequence"] for each in fires if not each["doubtful"]))
            case Action.REMIND:
                return tuple(reminders)
            case Action.RESOLVE:
                return (*reminders, *(each["sequence"] for each in fires))
            case _:
                assert_never(action)


def episodes(
    connection: Connection, alerts: Iterable[AlertInChannel], *, before: int | None = None
) -> Mapping[AlertInChannel, Episode]:
    """The episode of each of these alerts; of what came `before` a row, if that is given."""
    wanted = set(alerts)
    found: dict[AlertInChannel, Episode] = {alert: Episode() for alert in wanted}
    early = table.c.sequence < before if before is not None else table.c.sequence > 0
    for row in _rows_of(connection, (key for _, key in wanted), early):
        episode = found.get((row["channel"], row["key"]))
        if episode is None:
            continue
        if row["action"] == Action.RESOLVE and row["state"] in NOTIFIED:
            episode.rows.clear()
        else:
            episode.rows.append(row)
    return found


def opening_of(connection: Connection, first: RowMapping, sent: Sequence[Notification]) -> Opening | None:
    """The message that another one continues, whose `first` row and notifications (`sent`) are given.

    Each alert of the opening message is as `sent` describes it, or else as the last accepted notification of its
    episode does. None when the channel gave no reference.
    """
    alert = (first["channel"], first["key"])
    earlier = episodes(connection, [alert], before=first["sequence"])[alert].rows
    opened = next((each for each in earlier if each["reference"]), None)
    if opened is None:
        return None
    same = select(table.c.sequence, table.c.key).where(
        table.c.message == opened["message"], table.c.channel == opened["channel"]
    )
    began = {key: sequence for sequence, key in connection.execute(same.order_by(table.c.sequence)).all()}
    latest = _latest(connection, opened["channel"], began)
    latest.update({each.key: each for each in sent if each.key in began})
    return Opening(reference=opened["reference"], notifications=tuple(latest[key] for key in began if key in latest))


def _latest(connection: Connection, channel: str, began: Mapping[str, int]) -> dict[str, Notification]:
    """The last accepted notification of each episode; `began` says at which row of its key it begins."""
    last: dict[str, int] = {}
    ended = set[str]()
    of_channel = (table.c.channel == channel) & (table.c.sequence >= min(began.values()))
    for row in _rows_of(connection, began, of_channel):
        key = row["key"]
        if row["sequence"] < began[key] or key in ended or row["state"] not in NOTIFIED:
            continue
        if row["state"] == DeliveryState.DELIVERED:
            last[key] = row["sequence"]
        if row["action"] == Action.RESOLVE:
            ended.add(key)
    found: dict[str, Notification] = {}
    for numbers in batches(sorted(last.values())):
        query = select(table).where(table.c.sequence.in_(numbers))
        found |= {each.key: each for each in parsed(connection, query, table, notification_of)}
    return found


def _rows_of(connection: Connection, keys: Iterable[str], wanted: ColumnElement[bool]) -> Iterator[RowMapping]:
    """The rows of these keys, oldest first for each key."""
    for batch in batches(sorted(set(keys))):
        query = select(*_COLUMNS).where(table.c.key.in_(batch), wanted).order_by(table.c.sequence)
        yield from connection.execute(query).mappings()


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in parts: a database limits how many values one statement may have."""
    for start in range(0, len(values), _VALUES_PER_QUERY):
        yield values[start : start + _VALUES_PER_QUERY]
