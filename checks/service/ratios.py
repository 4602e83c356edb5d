"""Judges the ratio of bad events, over intervals with enough events and over the window as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.model import Verdict, failed, passed
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries
from checks.service.sustained import PromisedLimit, inconclusive_verdict

MIN_EVENTS_PER_RATIO = 20
"""The minimum number of events of an interval: with fewer, one bad event is more than 5%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRatio:
    """The bad events among all events of an interval."""

    bad: float
    total: float
    start: datetime
    end: datetime

    @property
    def value(self) -> float:
        """The ratio of bad events, from 0 to 1."""
        return self.bad / self.total

    def __str__(self) -> str:
        interval = f"{format_duration(self.end - self.start)} from {self.start:%Y-%m-%d %H:%M} UTC"
        return f"{100 * self.value:.4g}% ({self.bad:g} of {self.total:g}) in {interval}"


def judge_ratio(
    bad: AlignedSeries,
    total: AlignedSeries,
    promise: PromisedLimit,
    *,
    summary_text: str,
    idle_verdict: Verdict,
    observed_template: str = "{}",
) -> Verdict:
    """The verdict on the ratio of `bad` to `total` events; `summary_text` completes the sentence "5% of the ...".

    `idle_verdict` is the verdict without any event. An observed breach is a FAIL, even when other data is missing.
    `observed_template` is the format string of the observed ratio.
    """
    worst = worst_ratio(bad, total, promise.sustained)
    if worst is not None and worst.value > promise.limit:
        summary = f"{promise.format_value(worst.value)} of the {summary_text}"
        return failed(summary, observed=observed_template.format(worst), expected=promise.expected)
    inconclusive = inconclusive_verdict(bad, total.active_periods, promise, idle_verdict=idle_verdict)
    return inconclusive or passed(
        promise.kept_text, observed=observed_template.format(f"at most {worst}"), expected=promise.expected
    )


def worst_ratio(bad: AlignedSeries, total: AlignedSeries, sustained: timedelta) -> BadRatio | None:
    """The highest ratio of an interval of `sustained` with MIN_EVENTS_PER_RATIO events, or of the window as a whole.

    The window counts with any number of events: one failure of one invocation in six hours is 100%. An interval can
    start in the warm-up, but it ends in the window. Periods in which either number is missing are left out. None,
    when there was no event.
    """
    pairs = tuple(
        (0.0, 0.0) if bad_count is None or count is None else (bad_count, count)
        for bad_count, count in zip(bad.values, total.values, strict=True)
    )
    window = _ratio(total, pairs, total.warm_up_periods, len(pairs))
    intervals = [ratio for ratio in _intervals(total, pairs, sustained) if ratio.total >= MIN_EVENTS_PER_RATIO]
    return max([*([window] if window.total else []), *intervals], key=lambda ratio: ratio.value, default=None)


def _intervals(
    series: AlignedSeries, pairs: tuple[tuple[float, float], ...], sustained: timedelta
) -> Iterator[BadRatio]:
    periods = max(1, -(-sustained // series.period))
    for first in range(max(0, series.warm_up_periods - periods + 1), len(pairs) - periods + 1):
        yield _ratio(series, pairs, first, first + periods)


def _ratio(series: AlignedSeries, pairs: tuple[tuple[float, float], ...], first: int, last: int) -> BadRatio:
    return BadRatio(
        bad=sum(bad for bad, _ in pairs[first:last]),
        total=sum(count for _, count in pairs[first:last]),
        start=series.time_at(first),
        end=series.time_at(last),
    )
