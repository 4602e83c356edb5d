"""The values of the fake's metrics: a pure function of metric, resource, statistic and minute.

In each minute a resource is in one of 4,096 states. A state determines the number of events in the minute, and the
minimum, maximum and sum of their values. The statistics of a metric therefore agree with each other, `Sum` and
`SampleCount` are integers, and counts can be compared exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from hashlib import blake2b
from math import inf

STATES = 4096
_STEP = 1640531
_SPARSE = 977


class SampleKind(Enum):
    """What a metric counts: events, failed events, or an amount per event."""

    EVENTS = "events"
    FAILURES = "failures"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticSet:
    """One minute of one metric: `sample_count` samples between `minimum` and `maximum`, with the sum `sum`."""

    sample_count: int
    sum: int
    minimum: int
    maximum: int


_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?|100)")
_STATISTICS: Mapping[str, Callable[[StatisticSet], float]] = {
    "SampleCount": lambda minute: minute.sample_count,
    "Sum": lambda minute: minute.sum,
    "Average": lambda minute: minute.sum / minute.sample_count,
    "Minimum": lambda minute: minute.minimum,
    "Maximum": lambda minute: minute.maximum,
}


def is_statistic(name: str) -> bool:
    """Whether the fake supports the statistic: the five basic ones and percentiles."""
    return name in _STATISTICS or _PERCENTILE.fullmatch(name) is not None


def seed(account_id: str, region: str, namespace: str, dimensions: Sequence[tuple[str, str]]) -> int:
    """The offset of a resource among the states; the same for all its metrics, so that they agree."""
    key = "\0".join((account_id, region, namespace, *(f"{name}={value}" for name, value in sorted(dimensions))))
    return int.from_bytes(blake2b(key.encode(), digest_size=6).digest(), "big")


def state(resource_seed: int, minute: int) -> int:
    """The state of a resource in a minute since the epoch."""
    return (resource_seed + minute * _STEP) % STATES


@cache
def statistic_sets(metric: str, kind: SampleKind, sparse: float) -> tuple[StatisticSet | None, ...]:
    """The statistic set of each state; None is a minute without samples, for the ratio `sparse` of all states."""
    return tuple(_minute(metric, kind, number, sparse) for number in range(STATES))


@cache
def statistic_table(metric: str, kind: SampleKind, statistic: str, sparse: float) -> tuple[float | None, ...]:
    """The statistic of each state."""
    return tuple(
        None if minute is None else statistic_of(statistic, (minute,))
        for minute in statistic_sets(metric, kind, sparse)
    )


def statistic_of(statistic: str, minutes: Sequence[StatisticSet]) -> float:
    """The statistic over these minutes; a percentile of several minutes is the largest of theirs."""
    if statistic in _STATISTICS:
        return _STATISTICS[statistic](_combined(minutes)) if len(minutes) > 1 else _STATISTICS[statistic](minutes[0])
    ratio = float(statistic[1:]) / 100
    return max(round(minute.minimum + (minute.maximum - minute.minimum) * ratio, 3) for minute in minutes)


def partially_arrived(minute: StatisticSet, ratio: float) -> StatisticSet | None:
    """The minute when only `ratio` of its samples have arrived; None when there are none."""
    count = int(minute.sample_count * ratio)
    if count == 0:
        return None
    return StatisticSet(
        sample_count=count,
        sum=minute.sum * count // minute.sample_count,
        minimum=minute.minimum,
        maximum=max(minute.minimum, minute.maximum),
    )


def _combined(minutes: Sequence[StatisticSet]) -> StatisticSet:
    minimum, maximum = inf, -inf
    for minute in minutes:
        minimum, maximum = min(minimum, minute.minimum), max(maximum, minute.maximum)
    return StatisticSet(
        sample_count=sum(minute.sample_count for minute in minutes),
        sum=sum(minute.sum for minute in minutes),
        minimum=int(minimum),
        maximum=int(maximum),
    )


def _minute(metric: str, kind: SampleKind, number: int, sparse: float) -> StatisticSet | None:
    # All metrics of a resource are silent in the same minutes, so this draw does not depend on the metric.
    if _draw("silence", number, _SPARSE) < sparse * _SPARSE:
        return None
    count = 20 + _draw("events", number, 180)
    if kind is SampleKind.EVENTS:
        return StatisticSet(sample_count=count, sum=count, minimum=1, maximum=1)
    if kind is SampleKind.FAILURES:
        failed = _draw(metric, number, 5)
        return StatisticSet(sample_count=count, sum=failed, minimum=0, maximum=int(failed > 0))
    minimum = 1 + _draw(metric, number, 20)
    spread = 1 + _draw(metric + " spread", number, 78)
    return StatisticSet(
        sample_count=count, sum=count * minimum + count * spread // 4, minimum=minimum, maximum=minimum + spread
    )


def _draw(what: str, number: int, below: int) -> int:
    return int.from_bytes(blake2b(f"{what}\0{number}".encode(), digest_size=4).digest(), "big") % below
