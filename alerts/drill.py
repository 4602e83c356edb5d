"""A drill: an alert that is marked as one, and its end, sent to prove that a channel is reached."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from alerts.messages import Envelope, fire, withdraw
from basewatch.alert import Alert, AlertKind
from basewatch.model import Severity, Status
from basewatch.notifier import Notification

DRILL_CHECK: Final = "alerts.drill"
_FIRED, _ENDED = "the channel is tested", "the test is over"
_KEPT_FREE = timedelta(hours=1)


def drill_fires(channels: Iterable[str], envelope: Envelope) -> tuple[Notification, ...]:
    """A notification for each channel that opens the drill there; no route and no severity matters."""
    return tuple(fire(envelope, channel, _alert(envelope, channel), _FIRED) for channel in channels)


def drill_ends(fires: Iterable[Notification], envelope: Envelope) -> tuple[Notification, ...]:
    """The notifications that close the drill where it was opened."""
    return tuple(withdraw(envelope, each, _ENDED) for each in fires)


def due_channels(
    channels: Iterable[str], last: Mapping[str, datetime], every: timedelta, now: datetime
) -> tuple[str, ...]:
    """The channels in which no drill has arrived for `every`; `last` is when one did.

    A pass that comes a little early counts as in time, so that the moment of the drill does not wander.
    """
    return tuple(name for name in channels if name not in last or now - last[name] >= every - _KEPT_FREE)


def drill_key(platform: str, environment: str) -> str:
    """The key of the drill's alert. Two platforms may share a PagerDuty service."""
    return "d1-" + hashlib.sha256("\x1f".join((platform, environment)).encode()).hexdigest()[:32]


def _alert(envelope: Envelope, channel: str) -> Alert:
    return Alert(
        key=drill_key(envelope.platform, envelope.environment),
        kind=AlertKind.FINDING,
        check=DRILL_CHECK,
        component=f"channel/{channel}",
        subject="",
        status=Status.FAIL,
        severity=Severity.LOW,
        summary="This is a drill: nothing is wrong, and it ends by itself",
        title="Alerts reach this channel.",
        remedy="Nothing. If you did not expect to see this here, look at alerts.drill in the configuration",
        since=envelope.at,
    )
