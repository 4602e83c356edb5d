"""The open alerts and the log of notifications, as `basewatch alerts` shows them, and acknowledgements."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import yaml
from pydantic import ValidationError

from alerts.story import problem_text
from basewatch.alert import Alert, AlertKind, Member
from basewatch.config.silences import Silence
from basewatch.errors import BasewatchError
from basewatch.facts import to_json
from basewatch.history import Acknowledgement, LoggedNotification, OpenAlert
from basewatch.history.store import History
from basewatch.model import JSON
from basewatch.quantities import format_duration
from workflows.terminal import escape_control

KEY_CHARS = 11
"""As much of a key as is printed: its version and eight digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlert:
    """One open alert: since when, which channels were notified of it, and who has taken it on, if anyone has."""

    alert: Alert
    opened: datetime
    delivered: tuple[str, ...]
    pending: tuple[str, ...]
    acknowledgement: Acknowledgement | None = None


def listed(history: History) -> tuple[ListedAlert, ...]:
    """Every open alert, the most severe first, then the oldest."""
    by_key: dict[str, list[OpenAlert]] = {}
    for each in history.open_alerts():
        by_key.setdefault(each.key, []).append(each)
    acknowledged = {each.key: each for each in history.acknowledgements()}
    alerts = (_listed(each, acknowledged.get(key)) for key, each in by_key.items())
    return tuple(sorted(alerts, key=lambda each: (-each.alert.severity.rank, each.opened, each.alert.key)))


def _listed(open_alerts: Sequence[OpenAlert], acknowledgement: Acknowledgement | None) -> ListedAlert:
    newest = max(open_alerts, key=lambda each: each.last_notification.at)
    opened = min(each.fired_at for each in open_alerts)
    return ListedAlert(
        alert=newest.last_notification.alert,
        opened=opened,
        delivered=tuple(sorted(each.channel for each in open_alerts if each.delivered)),
        pending=tuple(sorted(each.channel for each in open_alerts if not each.delivered)),
        acknowledgement=acknowledgement if acknowledgement and acknowledgement.at >= opened else None,
    )


def alerts_text(alerts: Sequence[ListedAlert], now: datetime) -> str:
    """The open alerts for a terminal."""
    if not alerts:
        return "No alert is open."
    return "\n\n".join("\n  ".join(_lines(each, now)) for each in alerts)


def _lines(listed_alert: ListedAlert, now: datetime) -> Iterable[str]:
    alert = listed_alert.alert
    more = f", and {len(alert.members)} more" if alert.members else ""
    yield f"{alert.key[:KEY_CHARS]}  {alert.severity:<8}  {escape_control(problem_text(alert))}{more}"
    yield f"open for {_age(now - listed_alert.opened)}, since {listed_alert.opened:%Y-%m-%d %H:%M} UTC"
    if listed_alert.delivered:
        yield f"notified: {', '.join(listed_alert.delivered)}"
    if listed_alert.pending:
        yield f"not delivered yet: {', '.join(listed_alert.pending)}"
    if taken := listed_alert.acknowledgement:
        note = f": {escape_control(taken.note)}" if taken.note else ""
        yield f"acknowledged by {escape_control(taken.person)} at {taken.at:%Y-%m-%d %H:%M} UTC{note}"


def alerts_json(alerts: Sequence[ListedAlert]) -> JSON:
    """The open alerts as a JSON list."""
    return to_json(tuple[ListedAlert, ...], tuple(alerts))


def acknowledge(history: History, key: str, person: str, note: str, at: datetime) -> ListedAlert:
    """Records that `person` has taken on the open alert whose key begins with `key`.

    Raises: BasewatchError, when no alert is open under it, or more than one; HistoryError.
    """
    chosen = find(listed(history), key)
    history.acknowledge(Acknowledgement(key=chosen.alert.key, person=person, note=note, at=at))
    return chosen


def find(alerts: Sequence[ListedAlert], key: str) -> ListedAlert:
    """The one alert whose key begins with `key`, with or without its version. Raises: BasewatchError."""
    found = [each for each in alerts if key and any(text.startswith(key) for text in _spellings(each.alert.key))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BasewatchError(f"no alert is open whose key begins with {key!r}; `basewatch alerts list` prints the keys")
    names = ", ".join(each.alert.key for each in found)
    raise BasewatchError(f"{key!r} is the beginning of more than one key: {names}; give more of it")


def _spellings(key: str) -> tuple[str, str]:
    return key, key.partition("-")[2]


def silence_yaml(alert: Alert, owner: str, reason: str, until: str) -> str:
    """The entry of `alerts.silences` that silences this alert until a date, and nothing else.

    Raises: BasewatchError, when the configuration would not accept it.
    """
    named: Sequence[Alert | Member] = alert.members or (alert,)
    if alert.kind is AlertKind.FINDING:
        named = (alert,)
    entry = {
        "owner": owner,
        "reason": reason,
        "until": until,
        "match": {
            "checks": _globs(each.check for each in named),
            "components": _globs(each.component for each in named),
            "subjects": _globs(each.subject for each in named),
        },
    }
    try:
        Silence.model_validate(entry)
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise BasewatchError(f"this is no silence: {why}") from error
    return yaml.safe_dump([entry], sort_keys=False, allow_unicode=True).rstrip()


def _globs(names: Iterable[str]) -> list[str]:
    """Globs that match these names alone; the empty one is the subject of a component itself."""
    return [glob.escape(name) for name in sorted(set(names))]


def log_text(log: Sequence[LoggedNotification]) -> str:
    """The log of notifications for a terminal, oldest first."""
    if not log:
        return "No notification is recorded."
    return "\n".join(_log_line(each) for each in log)


def _log_line(logged: LoggedNotification) -> str:
    told, alert = logged.notification, logged.notification.alert
    where = escape_control(" ".join(filter(None, (alert.check, alert.component, alert.subject))))
    attempts = f"{logged.attempts} attempt{'' if logged.attempts == 1 else 's'}"
    state = logged.state if not logged.error else f"{logged.state} after {attempts}: {logged.error}"
    head = f"{told.at:%Y-%m-%d %H:%M} UTC  {told.action:<7}  {told.channel:<18} {alert.key[:KEY_CHARS]}  {where}"
    return f"{head}\n    {escape_control(told.reason)}; {escape_control(state)}"


def log_json(log: Sequence[LoggedNotification]) -> JSON:
    """The log of notifications as a JSON list."""
    return to_json(tuple[LoggedNotification, ...], tuple(log))


def _age(age: timedelta) -> str:
    minute = timedelta(minutes=1)
    return format_duration(max(age, timedelta()) // minute * minute) if age >= minute else "less than a minute"
