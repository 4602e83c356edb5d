"""How long channels take to get 10,000 notifications at the rate that their vendors document, by a clock that jumps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts import bundled, decide, deliver
from alerts.channels.pagerduty import PagerDutyChannel
from alerts.channels.slack import SlackChannel
from basewatch.config import Alerts, Platform, Route
from basewatch.history import AlertState
from basewatch.history.store import History
from basewatch.model import Status
from basewatch.notifier import Channel, Message, Receipt
from basewatch.secrets import Reference
from benchmarks.decision import picture
from benchmarks.timing import Measurement

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_EVERY = timedelta(minutes=1)
_CHANNELS: tuple[Channel, ...] = (
    SlackChannel(name="chat", kind="slack", webhook=Reference("env", "SLACK_WEBHOOK_URL")),
    PagerDutyChannel(name="pager", kind="pagerduty", routing_key=Reference("env", "PAGERDUTY_ROUTING_KEY")),
)


@dataclass
class _Clock:
    now: datetime = _NOON

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class _Taking:
    name: str
    messages: int = 0

    def send(self, message: Message) -> Receipt:
        self.messages += 1
        return Receipt(channel=message.channel)


def measurements() -> Iterator[Measurement]:
    """10,000 findings fail at once; they are delivered as `serve` does, which looks each minute."""
    for channel in _CHANNELS:
        policy = Alerts(channels=(channel,), routes=(Route(channel=channel.name),))
        decided = decide(
            AlertState(), picture(Status.FAIL, _NOON), policy, Platform(name="p", environment="e")
        ).notifications
        clock, taking = _Clock(), _Taking(channel.name)
        with History.in_memory() as history:
            history.remember(bundled(decided, policy.channels))
            while not deliver(history, (taking,), clock, channels=policy.channels, sleep=clock.sleep).complete:
                clock.sleep(_EVERY.total_seconds())
        yield Measurement(
            what=f"{len(decided):,} to {channel.name}, messages: {taking.messages:,}",
            measured_seconds=(clock() - _NOON).total_seconds(),
            bound_name="the rate limit",
            bound_seconds=max(0, taking.messages - channel.burst) * channel.min_interval.total_seconds(),
        )
