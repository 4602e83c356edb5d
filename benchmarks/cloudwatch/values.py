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


class Kind(Enum):
    """What a metric counts: events one by one, the few of them that failed, or an amount that each event has."""

    EVENTS = "events"
    FAILURES = "failures"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One minute of one metric: `count` samples between `least` and `most` that add up to `total`."""

    count: int
    total: int
    least: int
    most: int


_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?|100)")
_STATISTICS: Mapping[str, Callable[[Minute], float]] = {
    "SampleCount": lambda minute: minute.count,
    "Sum": lambda minute: minute.total,
    "Average": lambda minute: minute.total / minute.count,
    "Minimum": lambda minute: minute.least,
    "Maximum": lambda minute: minute.most,
}


def is_statistic(name: str) -> bool:
    """Whether the fake knows the statistic: the five plain ones, and percentiles."""
    return name in _STATISTICS or _PERCENTILE.fullmatch(name) is not None


def seed(account_id: str, region: str, namespace: str, dimensions: Sequence[tuple[str, str]]) -> int:
    """Where a resource starts among the states; the same for all its metrics, so that they agree."""
    told = "\0".join((account_id, region, namespace, *(f"{name}={value}" for name, value in sorted(dimensions))))
    return int.from_bytes(blake2b(told.encode(), digest_size=6).digest(), "big")


def state(of: int, minute: int) -> int:
    """The state in a minute (counted from the epoch) of the resource whose seed is `of`."""
    return (of + minute * _STEP) % STATES


@cache
def minutes(metric: str, kind: Kind, sparse: float) -> tuple[Minute | None, ...]:
    """What each state means for a metric; None is a minute without samples, `sparse` of all of them."""
    return tuple(_minute(metric, kind, number, sparse) for number in range(STATES))


@cache
def table(metric: str, kind: Kind, statistic: str, sparse: float) -> tuple[float | None, ...]:
    """The statistic of each state."""
    return tuple(
        None if minute is None else of_minutes(statistic, (minute,)) for minute in minutes(metric, kind, sparse)
    )


def of_minutes(statistic: str, among: Sequence[Minute]) -> float:
    """The statistic over these minutes; a percentile of several is the greatest of theirs."""
    if statistic in _STATISTICS:
        return _STATISTICS[statistic](_together(among)) if len(among) > 1 else _STATISTICS[statistic](among[0])
    share = float(statistic[1:]) / 100
    return max(round(minute.least + (minute.most - minute.least) * share, 3) for minute in among)


def grown(minute: Minute, share: float) -> Minute | None:
    """The minute as it looks while only `share` of its samples have arrived; None while there are none."""
    count = int(minute.count * share)
    if count == 0:
        return None
    return Minute(
        count=count, total=minute.total * count // minute.count, least=minute.least, most=max(minute.least, minute.most)
    )


def _together(among: Sequence[Minute]) -> Minute:
    least, most = inf, -inf
    for minute in among:
        least, most = min(least, minute.least), max(most, minute.most)
    return Minute(
        count=sum(minute.count for minute in among),
        total=sum(minute.total for minute in among),
        least=int(least),
        most=int(most),
    )


def _minute(metric: str, kind: Kind, number: int, sparse: float) -> Minute | None:
    # One resource has its silent minutes for all its metrics at once, so this draw does not know the metric.
    if _draw("silence", number, _SPARSE) < sparse * _SPARSE:
        return None
    count = 20 + _draw("events", number, 180)
    if kind is Kind.EVENTS:
        return Minute(count=count, total=count, least=1, most=1)
    if kind is Kind.FAILURES:
        failed = _draw(metric, number, 5)
        return Minute(count=count, total=failed, least=0, most=int(failed > 0))
    least = 1 + _draw(metric, number, 20)
    spread = 1 + _draw(metric + " spread", number, 78)
    return Minute(count=count, total=count * least + count * spread // 4, least=least, most=least + spread)


def _draw(what: str, number: int, below: int) -> int:
    return int.from_bytes(blake2b(f"{what}\0{number}".encode(), digest_size=4).digest(), "big") % below
