"""What the box's CloudWatch holds: a signal for each metric, and the disturbances that are switched on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from demo.signals import Curve, Signal, rounded

PREFIX = "securebase-production"
MINUTE = timedelta(minutes=1)

MetricKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, metric, and sorted dimensions."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SyntheticMetrics:
    """The signals, and from which minute to which each disturbance lasts."""

    signals: dict[MetricKey, Signal] = field(default_factory=dict[MetricKey, Signal])
    active_disturbances: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])

    def add(self, namespace: str, metric: str, dimensions: dict[str, str], signal: Signal) -> None:
        """Publish a metric."""
        self.signals[namespace, metric, tuple(sorted(dimensions.items()))] = signal

    def while_disturbed(self, name: str, disturbed: Curve, usual: Curve) -> Curve:
        """The usual curve, but the other one while the disturbance `name` lasts."""

        def at(minute: int) -> float:
            span = self.active_disturbances.get(name)
            return disturbed(minute) if span is not None and span[0] <= minute < span[1] else usual(minute)

        return at

    def start_disturbance(self, name: str, start: datetime, end: datetime | None) -> None:
        """Let a disturbance last from `start`, for ever when there is no `end`."""
        self.active_disturbances[name] = (epoch_minute(start), math.inf if end is None else epoch_minute(end))


def epoch_minute(moment: datetime) -> int:
    """The minute since the epoch that a moment is in."""
    return (moment - _EPOCH) // MINUTE


def fraction(count: Curve, ratio: float, seed: int) -> Curve:
    """Part of what is counted, in whole numbers."""
    return rounded(lambda minute: count(minute) * ratio, seed)


def scaled(curve: Curve, factor: float) -> Curve:
    """The curve, as many times as high."""
    return lambda minute: curve(minute) * factor


def constant(value: float) -> Curve:
    """The same in every minute."""
    return lambda _minute: value
