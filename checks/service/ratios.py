"""Judges the ratio of bad events, over stretches with enough events and over the window as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from basewatch.model import Reason, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries
from checks.service.period_kinds import with_events
from checks.service.promises import PromisedLimit
from checks.service.stretches import MIN_EVENTS, period_count
from checks.service.sustained import LATE_REMEDY, inconclusive_verdict


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

    `idle_verdict` is the verdict without any event. It is a FAIL only if the limit is broken however good the events
    are whose outcome is missing, and UNVERIFIED if it is broken when all of them are bad. `observed_template` is the
    format string of the observed ratio.
    """
    worst = worst_ratio(bad, total, promise, missing_is_bad=False)
    if worst is not None and worst.value > promise.limit:
        summary = f"{promise.format_value(worst.value)} of the {summary_text}"
        return failed(summary, observed=observed_template.format(worst), expected=promise.expected)
    inconclusive = inconclusive_verdict(bad, with_events(bad, total), promise, idle_verdict)
    possible = worst_ratio(bad, total, promise, missing_is_bad=True)
    if inconclusive is None and possible is not None and possible.value > promise.limit:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{promise.sentence_start} may have broken its limit: the outcome of events is missing",
            observed=f"with those, {observed_template.format(f'up to {possible}')}",
            expected=promise.expected,
            remedy=LATE_REMEDY,
        )
    return inconclusive or passed(
        promise.kept_text, observed=observed_template.format(f"at most {worst}"), expected=promise.expected
    )


def events_needed(limit: float) -> int:
    """The fewest events among which a single bad one does not exceed the limit: at least MIN_EVENTS."""
    return max(MIN_EVENTS, math.ceil(round(1 / limit, 9))) if limit else MIN_EVENTS


def worst_ratio(
    bad: AlignedSeries, total: AlignedSeries, promise: PromisedLimit, *, missing_is_bad: bool
) -> BadRatio | None:
    """The highest ratio of any stretch of the promised time, widened until it has enough events, or of the window.

    The window as a whole counts with any number of events: one failure of one invocation in six hours is 100%. A
    stretch can start in the warm-up, but it ends in the window. Events whose outcome is missing count as bad or as
    good. None, when there was no event.
    """
    pairs = zip(bad.values, total.values, strict=True)
    counts = [_counted(bad_count, count, missing_is_bad=missing_is_bad) for bad_count, count in pairs]
    sums = _Sums(
        series=bad,
        bad=list(accumulate((count for count, _ in counts), initial=0.0)),
        total=list(accumulate((count for _, count in counts), initial=0.0)),
    )
    window = sums.between(bad.warm_up_periods, len(counts))
    stretches = _stretches(sums, period_count(promise.sustained, bad.period), events_needed(promise.limit))
    return max([*([window] if window.total else []), *stretches], key=lambda ratio: ratio.value, default=None)


def _counted(bad: float | None, total: float | None, *, missing_is_bad: bool) -> tuple[float, float]:
    """Bad and all events of a period. Of a missing total, only the bad ones are known."""
    if bad is None:
        return ((total or 0.0) if missing_is_bad else 0.0), total or 0.0
    if total is None:
        return (bad, bad) if missing_is_bad else (0.0, bad)
    return bad, total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """The running sums of bad and of all events, from the start of the series."""

    series: AlignedSeries
    bad: list[float]
    total: list[float]

    def between(self, first: int, last: int) -> BadRatio:
        return BadRatio(
            bad=self.bad[last] - self.bad[first],
            total=self.total[last] - self.total[first],
            start=self.series.time_at(first),
            end=self.series.time_at(last),
        )


def _stretches(sums: _Sums, periods: int, enough: int) -> Iterator[BadRatio]:
    """For each end in the window, the shortest stretch of at least `periods` with `enough` events.

    One whose bad events were all before the window is left out: an earlier run reported it.
    """
    first = 0
    for last in range(max(periods, sums.series.warm_up_periods + 1), len(sums.total)):
        while first + 1 <= last - periods and sums.total[last] - sums.total[first + 1] >= enough:
            first += 1
        judged = max(first, sums.series.warm_up_periods)
        if sums.total[last] - sums.total[first] >= enough and sums.bad[last] > sums.bad[judged]:
            yield sums.between(first, last)
