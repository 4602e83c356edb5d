"""What the fake's metrics are worth: a pure function of metric, resource, statistic and minute.

A resource is in one of 4,096 states in each minute, and a state says everything of that minute: how many events there
were, and the least, the most and the sum of what they measured. So the statistics of a metric agree with each other,
`Sum` and `SampleCount` are whole numbers, and what was counted can be compared to the last unit.
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
    """What a metric counts: events one by one, the few of them that failed, or an amount that each event has."""

    EVENTS = "events"
    FAILURES = "failures"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticSet:
    """One minute of one metric: `sample_count` samples between `minimum` and `maximum` that add up to `sum`."""

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
    """Whether the fake knows the statistic: the five plain ones, and percentiles."""
    return name in _STATISTICS or _PERCENTILE.fullmatch(name) is not None


def seed(account_id: str, region: str, namespace: str, dimensions: Sequence[tuple[str, str]]) -> int:
    """Where a resource starts among the states; the same for all its metrics, so that they agree."""
    told = "\0".join((account_id, region, namespace, *(f"{name}={value}" for name, value in sorted(dimensions))))
    return int.from_bytes(blake2b(told.encode(), digest_size=6).digest(), "big")


def state(resource_seed: int, minute: int) -> int:
    """The state in a minute (counted from the epoch) of the resource whose seed is `resource_seed`."""
    return (resource_seed + minute * _STEP) % STATES


@cache
def statistic_sets(metric: str, kind: SampleKind, sparse: float) -> tuple[StatisticSet | None, ...]:
    """What each state means for a metric; None is a minute without samples, `sparse` of all of them."""
    return tuple(_minute(metric, kind, number, sparse) for number in range(STATES))


@cache
def statistic_table(metric: str, kind: SampleKind, statistic: str, sparse: float) -> tuple[float | None, ...]:
    """The statistic of each state."""
    return tuple(
        None if minute is None else statistic_of(statistic, (minute,))
        for minute in statistic_sets(metric, kind, sparse)
    )


def statistic_of(statistic: str, among: Sequence[StatisticSet]) -> float:
    """The statistic over these minutes; a percentile of several is the greatest of theirs."""
    if statistic in _STATISTICS:
        return _STATISTICS[statistic](_together(among)) if len(among) > 1 else _STATISTICS[statistic](among[0])
    share = float(statistic[1:]) / 100
    return max(round(minute.minimum + (minute.maximum - minute.minimum) * share, 3) for minute in among)


def partially_arrived(minute: StatisticSet, ratio: float) -> StatisticSet | None:
    """The minute as it looks while only `ratio` of its samples have arrived; None while there are none."""
    count = int(minute.sample_count * ratio)
    if count == 0:
        return None
    return StatisticSet(
        sample_count=count,
        sum=minute.sum * count // minute.sample_count,
        minimum=minute.minimum,
        maximum=max(minute.minimum, minute.maximum),
    )


def _together(among: Sequence[StatisticSet]) -> StatisticSet:
    least, most = inf, -inf
    for minute in among:
        least, most = min(least, minute.minimum), max(most, minute.maximum)
    return StatisticSet(
        sample_count=sum(minute.sample_count for minute in among),
        sum=sum(minute.sum for minute in among),
        minimum=int(least),
        maximum=int(most),
    )


def _minute(metric: str, kind: SampleKind, number: int, sparse: float) -> StatisticSet | None:
    # One resource has its silent minutes for all its metrics at once, so this draw does not know the metric.
    if _draw("silence", number, _SPARSE) < sparse * _SPARSE:
        return None
    count = 20 + _draw("events", number, 180)
    if kind is SampleKind.EVENTS:
        return StatisticSet(sample_count=count, sum=count, minimum=1, maximum=1)
    if kind is SampleKind.FAILURES:
        failed = _draw(metric, number, 5)
        return StatisticSet(sample_count=count, sum=failed, minimum=0, maximum=int(failed > 0))
    least = 1 + _draw(metric, number, 20)
    spread = 1 + _draw(metric + " spread", number, 78)
    return StatisticSet(
        sample_count=count, sum=count * least + count * spread // 4, minimum=least, maximum=least + spread
    )


def _draw(what: str, number: int, below: int) -> int:
    return int.from_bytes(blake2b(f"{what}\0{number}".encode(), digest_size=4).digest(), "big") % below
