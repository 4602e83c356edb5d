"""The burn rate of an error budget, by the multiwindow, multi-burn-rate rule of Google's SRE workbook.

https://sre.google/workbook/alerting-on-slos/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from basewatch.model import Severity
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries

MIN_EVENTS_FOR_BURN_RATE = 100
"""The minimum number of events in the long window; fewer are too small a sample."""

MIN_BAD_EVENTS = 5
"""The minimum number of bad events in the long window; fewer are too small a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRateWindows:
    """A pair of windows: the budget burns too fast when the burn rate over both is above `max_burn_rate`.

    The long window shows that the loss is significant, the short one that it still goes on.
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
    """The burn rates over both windows that end at `window_end`."""

    windows: BurnRateWindows
    window_end: datetime
    long_rate: float
    short_rate: float

    def __str__(self) -> str:
        long, short = format_duration(self.windows.long_window), format_duration(self.windows.short_window)
        return (
            f"{self.long_rate:.3g} times too fast over the {long} to {self.window_end:%Y-%m-%d %H:%M} UTC, "
            f"and {self.short_rate:.3g} times over the last {short}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SloEvents:
    """The `bad` part of `total`, minute by minute; `event_counts` are the events, of which `total` may be minutes."""

    bad: AlignedSeries
    total: AlignedSeries
    event_counts: AlignedSeries

    @property
    def end(self) -> datetime:
        """The end of the last minute."""
        return self.bad.time_at(len(self.bad.values))

    def bad_and_total(self, *, missing_is_bad: bool) -> Iterator[tuple[float, float]]:
        """Bad and total, period by period. Events whose outcome is missing count as bad, or as good."""
        for bad, total in zip(self.bad.values, self.total.values, strict=True):
            all_events = max(total or 0.0, bad or 0.0)
            yield (all_events if missing_is_bad else 0.0) if bad is None else bad, all_events

    def sums(self, periods: range, *, missing_is_bad: bool) -> tuple[float, float]:
        """Bad and total of some periods."""
        pairs = tuple(self.bad_and_total(missing_is_bad=missing_is_bad))[periods.start : periods.stop]
        return sum(bad for bad, _ in pairs), sum(total for _, total in pairs)

    def last(self, length: timedelta) -> tuple[float, float]:
        """Bad and total of the last `length`, or of all."""
        count = len(self.bad.values)
        return self.sums(range(max(0, count - length // self.bad.period), count), missing_is_bad=False)

    def count(self, periods: range) -> float:
        """The number of events of some periods."""
        return sum(value or 0.0 for value in self.event_counts.values[periods.start : periods.stop])

    @property
    def window_totals(self) -> tuple[float, float]:
        """Bad and total of the judged window, without the warm-up."""
        return self.sums(range(self.bad.warm_up_periods, len(self.bad.values)), missing_is_bad=False)


def worst_burn(events: SloEvents, budget: float, *, missing_is_bad: bool = False) -> MeasuredBurnRate | None:
    """The worst burn rate above its maximum at any minute of the window; None when there is none.

    It is the highest one of the most severe pair of windows. The long and the short window can start in the warm-up.
    Events whose outcome is missing count as bad, or as good. A long window with fewer than MIN_EVENTS_FOR_BURN_RATE or
    MIN_BAD_EVENTS is not evaluated.
    """
    for windows in BURN_RATE_WINDOWS:
        too_fast = tuple(
            measured
            for measured in _measured(events, budget, windows, missing_is_bad=missing_is_bad)
            if min(measured.long_rate, measured.short_rate) > windows.max_burn_rate
        )
        if too_fast:
            return max(too_fast, key=lambda measured: measured.long_rate)
    return None


def _measured(
    events: SloEvents, budget: float, windows: BurnRateWindows, *, missing_is_bad: bool
) -> Iterator[MeasuredBurnRate]:
    series = events.bad
    long, short = windows.long_window // series.period, windows.short_window // series.period
    pairs = tuple(events.bad_and_total(missing_is_bad=missing_is_bad))
    bad, total = _running_sums(bad for bad, _ in pairs), _running_sums(total for _, total in pairs)
    counts = _running_sums(value or 0.0 for value in events.event_counts.values)

    def rate(first: int, last: int) -> float:
        denominator = total[last] - total[first]
        return (bad[last] - bad[first]) / denominator / budget if denominator else 0.0

    for last in range(max(long, series.warm_up_periods + 1), len(series.values) + 1):
        first = last - long
        if counts[last] - counts[first] >= MIN_EVENTS_FOR_BURN_RATE and bad[last] - bad[first] >= MIN_BAD_EVENTS:
            yield MeasuredBurnRate(
                windows=windows,
                window_end=series.time_at(last),
                long_rate=rate(first, last),
                short_rate=rate(last - short, last),
            )


def _running_sums(values: Iterable[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))
