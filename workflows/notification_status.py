"""What became of the notifications of a running exporter, and what its channels still have to accept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from alerts import Delivery, Outlook
from basewatch.errors import HistoryError
from basewatch.family import Block
from basewatch.history import Backlog
from basewatch.history.store import History
from basewatch.telemetry import ExporterMetrics
from exposition.notification_metrics import notification_blocks

logger = logging.getLogger(__name__)

_OUTCOMES = {Outlook.PENDING: "retried", Outlook.REFUSED: "refused", Outlook.DROPPED: "dropped"}


class NotificationStatus:
    """The counters of deliveries, and the backlog of each channel as it was last read."""

    def __init__(self, history: History, telemetry: ExporterMetrics, channels: Sequence[str]) -> None:
        self._history, self._telemetry, self._channels = history, telemetry, tuple(channels)
        self._backlogs: Mapping[str, Backlog] = {}
        for channel in channels:
            telemetry.notification_failures.labels(channel)
            for outcome in ("delivered", *_OUTCOMES.values()):
                telemetry.notifications.labels(channel, outcome)

    def read(self) -> None:
        """Reads what is pending, or keeps what was read before. It is read before a delivery too, as that may hang."""
        try:
            self._backlogs = self._history.backlogs()
        except HistoryError:
            logger.exception("the history does not say which notifications are pending")

    def count(self, delivery: Delivery) -> None:
        """Counts what became of each notification of a delivery, and reads what it left pending."""
        for each in delivery.delivered:
            self._telemetry.notifications.labels(each.channel, "delivered").inc()
        for missed in delivery.undelivered:
            channel = missed.notification.channel
            self._telemetry.notifications.labels(channel, _OUTCOMES[missed.outlook]).inc()
            self._telemetry.notification_failures.labels(channel).inc()
        self.read()

    def blocks(self) -> Iterator[Block]:
        """The backlog of each channel."""
        yield from notification_blocks(self._backlogs, self._channels)
