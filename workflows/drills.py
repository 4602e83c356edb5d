"""Sends drills through the real path, and posts open alerts again to the channels that forget them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts import Delivery, DeliveryRetryPolicy, bundled, deliver
from alerts.drill import drill_ends, drill_fires, drill_key, due_channels
from alerts.messages import Envelope
from basewatch.config import Config
from basewatch.errors import DeliveryError
from basewatch.history.store import History
from basewatch.notifier import Action, Forgetful, Notification, Notifier

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill in some channels: what is sent, from which outbox, and how long it may take."""

    config: Config
    history: History
    notifiers: Sequence[Notifier]
    clock: Clock
    retry_policy: DeliveryRetryPolicy

    def run(self, channels: Iterable[str]) -> Delivery:
        """Opens the drill in each channel, and closes it where it arrived. Raises: HistoryError."""
        fired = self.open(channels)
        key = drill_key(self.config.platform.name, self.config.platform.environment)
        arrived = [each for each in fired.delivered if each.key == key and each.action is Action.FIRE]
        ended = self._send(drill_ends(arrived, self._envelope()))
        return fired.and_then(ended)

    def open(self, channels: Iterable[str]) -> Delivery:
        """Opens the drill in each channel. Raises: HistoryError."""
        return self._send(drill_fires(channels, self._envelope()))

    def _send(self, notifications: Sequence[Notification]) -> Delivery:
        # A channel that fails is what a drill is to find: nobody else has to learn of it by a drill.
        settings = [each.model_copy(update={"fallback": None}) for each in self.config.alerts.channels]
        self.history.remember(bundled(notifications, settings))
        return deliver(self.history, self.notifiers, self.clock, self.retry_policy, channels=settings)

    def _envelope(self) -> Envelope:
        at, platform = self.clock(), self.config.platform
        return Envelope(
            run=f"drill-{at:%Y%m%dT%H%M%S.%fZ}", platform=platform.name, environment=platform.environment, at=at
        )


def drill_if_due(drill: Drill) -> Delivery:
    """The scheduled drill, in the channels where it is due; nothing while the history cannot say when the last was."""
    config, nothing = drill.config, Delivery(delivered=(), undelivered=())
    if config.alerts.drill is None or not drill.history.status.up:
        return nothing
    last = drill.history.last_delivered(drill_key(config.platform.name, config.platform.environment))
    names = [notifier.name for notifier in drill.notifiers]
    due = due_channels(names, last, config.alerts.drill.every, drill.clock())
    return drill.run(due) if due else nothing


def remind_forgetful(history: History, notifiers: Iterable[Notifier]) -> tuple[str, ...]:
    """Posts the open alerts again to channels whose other side forgets them; a line for each that did not accept."""
    forgetful = [notifier for notifier in notifiers if isinstance(notifier, Forgetful)]
    if not forgetful:
        return ()
    open_alerts = [each.last_notification for each in history.open_alerts() if each.delivered]
    problems = list[str]()
    for notifier in forgetful:
        try:
            notifier.refresh([each for each in open_alerts if each.channel == notifier.name])
        except DeliveryError as error:
            problems.append(f"{notifier.name} was not reminded of its open alerts: {error}")
    return tuple(problems)
