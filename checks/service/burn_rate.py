"""How fast an error budget is spent: the multi-window burn rates of Google's SRE workbook, at every minute of a window.

https://sre.google/workbook/alerting-on-slos/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from basewatch.model import Severity
from basewatch.quantities import duration_text
from checks.service.minute_grid import Track

FEWEST_EVENTS = 100
"""How many events make a rate of burning; of fewer, chance alone decides."""

FEWEST_BAD = 5
"""How many bad events make one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """A budget is spent too fast when it burns `factor` times as fast as it may, over `long` and over `short`.

    The long span says that it matters, the short one that it still goes on.
    """

    long: timedelta
    short: timedelta
    factor: float
    severity: Severity


SPEEDS = (
    Speed(long=timedelta(hours=1), short=timedelta(minutes=5), factor=14.4, severity=Severity.CRITICAL),
    Speed(long=timedelta(hours=6), short=timedelta(minutes=30), factor=6, severity=Severity.HIGH),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """How many times too fast the budget burned over the spans of `speed` that end `at`."""

    speed: Speed
    at: datetime
    long: float
    short: float

    def __str__(self) -> str:
        spans = duration_text(self.speed.long), duration_text(self.speed.short)
        return (
            f"{self.long:.3g} times too fast over the {spans[0]} to {self.at:%Y-%m-%d %H:%M} UTC, "
            f"and {self.short:.3g} over the last {spans[1]}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened minute by minute: how much of `whole` was bad, and of how many events that speaks."""

    bad: Track
    whole: Track
    happened: Track

    @property
    def known(self) -> tuple[tuple[float, float], ...]:
        """How much was bad and of how much, period by period; nothing of either, where one of them is missing."""
        pairs = zip(self.bad.values, self.whole.values, strict=True)
        return tuple((0.0, 0.0) if bad is None or whole is None else (bad, whole) for bad, whole in pairs)

    @property
    def within(self) -> tuple[float, float]:
        """How much was bad and of how much in the window, without what came before it."""
        judged = self.known[self.bad.lead :]
        return sum(bad for bad, _ in judged), sum(whole for _, whole in judged)


def worst_burn(events: Events, budget: float) -> Burn | None:
    """The worst burn that any minute of the window ends, the fastest of the gravest speed; None when there is none.

    Spans may begin before the window. One with fewer than FEWEST_EVENTS or FEWEST_BAD burns nothing.
    """
    for speed in SPEEDS:
        found = tuple(burn for burn in _burns(events, budget, speed) if min(burn.long, burn.short) > speed.factor)
        if found:
            return max(found, key=lambda burn: burn.long)
    return None


def _burns(events: Events, budget: float, speed: Speed) -> Iterator[Burn]:
    track = events.bad
    long, short = speed.long // track.period, speed.short // track.period
    bad = _summed(bad for bad, _ in events.known)
    whole = _summed(whole for _, whole in events.known)
    happened = _summed(value or 0.0 for value in events.happened.values)

    def rate(first: int, last: int) -> float:
        among = whole[last] - whole[first]
        return (bad[last] - bad[first]) / among / budget if among else 0.0

    for last in range(max(long, track.lead + 1), len(track.values) + 1):
        first = last - long
        if happened[last] - happened[first] >= FEWEST_EVENTS and bad[last] - bad[first] >= FEWEST_BAD:
            yield Burn(speed=speed, at=track.moment(last), long=rate(first, last), short=rate(last - short, last))


def _summed(values: Iterable[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))
