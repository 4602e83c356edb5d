"""The synthetic metrics in the sandbox's CloudWatch, and the active disturbances."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from demo.signals import Curve, Signal, rounded

PREFIX = "securebase-production"
MINUTE = timedelta(minutes=1)

MetricKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""The namespace, the metric name and the sorted dimensions."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SyntheticMetrics:
    """A signal for each metric, and the first minute and the end of each active disturbance."""

    signals: dict[MetricKey, Signal] = field(default_factory=dict[MetricKey, Signal])
    active_disturbances: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])

    def add(self, namespace: str, metric: str, dimensions: dict[str, str], signal: Signal) -> None:
        """Add a metric."""
        self.signals[namespace, metric, tuple(sorted(dimensions.items()))] = signal

    def while_disturbed(self, name: str, disturbed: Curve, usual: Curve) -> Curve:
        """The usual curve, except during the disturbance `name`: then the disturbed one."""

        def at(minute: int) -> float:
            interval = self.active_disturbances.get(name)
            is_disturbed = interval is not None and interval[0] <= minute < interval[1]
            return disturbed(minute) if is_disturbed else usual(minute)

        return at

    def start_disturbance(self, name: str, start: datetime, end: datetime | None) -> None:
        """Start a disturbance at `start`; without an `end` it lasts indefinitely."""
        self.active_disturbances[name] = (epoch_minute(start), math.inf if end is None else epoch_minute(end))


def epoch_minute(moment: datetime) -> int:
    """The number of complete minutes from the epoch to `moment`."""
    return (moment - _EPOCH) // MINUTE


def fraction(count: Curve, ratio: float, seed: int) -> Curve:
    """The given ratio of a count, as integers."""
    return rounded(lambda minute: count(minute) * ratio, seed)


def scaled(curve: Curve, factor: float) -> Curve:
    """The curve multiplied by the factor."""
    return lambda minute: curve(minute) * factor


def constant(value: float) -> Curve:
    """A curve with the same value in every minute."""
    return lambda _minute: value
