"""How fast an error budget is spent: the multi-window burn rates of Google's SRE workbook, at every minute of a window.

https://sre.google/workbook/alerting-on-slos/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from basewatch.model import Severity
from basewatch.quantities import format_duration
from checks.service.minute_grid import AlignedSeries

MIN_EVENTS_FOR_BURN_RATE = 100
"""How many events make a rate of burning; of fewer, chance alone decides."""

MIN_BAD_EVENTS = 5
"""How many bad events make one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRateWindows:
    """A budget is spent too fast when it burns `max_burn_rate` times as fast as it may, over `long_window` and over `short_window`.

    The long span says that it matters, the short one that it still goes on.
    """

    long_window: timedelta
    short_window: timedelta
    max_burn_rate: float
    severity: Severity


BURN_RATE_WINDOWS = (
    BurnRateWindows(
        long_window=timedelta(hours=1),
        short_window=timedelta(minutes=5),
        max_burn_rate=14.4,
        severity=Severity.CRITICAL,
    ),
    BurnRateWindows(
        long_window=timedelta(hours=6), short_window=timedelta(minutes=30), max_burn_rate=6, severity=Severity.HIGH
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBurnRate:
    """How many times too fast the budget burned over the spans of `windows` that end `window_end`."""

    windows: BurnRateWindows
    window_end: datetime
    long_rate: float
    short_rate: float

    def __str__(self) -> str:
        spans = format_duration(self.windows.long_window), format_duration(self.windows.short_window)
        return (
            f"{self.long_rate:.3g} times too fast over the {spans[0]} to {self.window_end:%Y-%m-%d %H:%M} UTC, "
            f"and {self.short_rate:.3g} over the last {spans[1]}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SloEvents:
    """What happened minute by minute: how much of `total` was bad, and of how many events that speaks."""

    bad: AlignedSeries
    total: AlignedSeries
    event_counts: AlignedSeries

    @property
    def bad_and_total(self) -> tuple[tuple[float, float], ...]:
        """How much was bad and of how much, period by period; nothing of either, where one of them is missing."""
        pairs = zip(self.bad.values, self.total.values, strict=True)
        return tuple((0.0, 0.0) if bad is None or whole is None else (bad, whole) for bad, whole in pairs)

    @property
    def window_totals(self) -> tuple[float, float]:
        """How much was bad and of how much in the window, without what came before it."""
        judged = self.bad_and_total[self.bad.warm_up_periods :]
        return sum(bad for bad, _ in judged), sum(whole for _, whole in judged)


def worst_burn(events: SloEvents, budget: float) -> MeasuredBurnRate | None:
    """The worst burn that any minute of the window ends, the fastest of the gravest speed; None when there is none.

    Spans may begin before the window. One with fewer than FEWEST_EVENTS or FEWEST_BAD burns nothing.
    """
    for speed in BURN_RATE_WINDOWS:
        found = tuple(
            burn for burn in _burns(events, budget, speed) if min(burn.long_rate, burn.short_rate) > speed.max_burn_rate
        )
        if found:
            return max(found, key=lambda burn: burn.long_rate)
    return None


def _burns(events: SloEvents, budget: float, speed: BurnRateWindows) -> Iterator[MeasuredBurnRate]:
    track = events.bad
    long, short = speed.long_window // track.period, speed.short_window // track.period
    bad = _summed(bad for bad, _ in events.bad_and_total)
    whole = _summed(whole for _, whole in events.bad_and_total)
    happened = _summed(value or 0.0 for value in events.event_counts.values)

    def rate(first: int, last: int) -> float:
        among = whole[last] - whole[first]
        return (bad[last] - bad[first]) / among / budget if among else 0.0

    for last in range(max(long, track.warm_up_periods + 1), len(track.values) + 1):
        first = last - long
        if happened[last] - happened[first] >= MIN_EVENTS_FOR_BURN_RATE and bad[last] - bad[first] >= MIN_BAD_EVENTS:
            yield MeasuredBurnRate(
                windows=speed,
                window_end=track.time_at(last),
                long_rate=rate(first, last),
                short_rate=rate(last - short, last),
            )


def _summed(values: Iterable[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))
