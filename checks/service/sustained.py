"""Judges whether a series was above its limit for the promised duration; most service checks use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from basewatch.model import Reason, Verdict, failed, not_applicable, passed, unverified
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAboveLimit:
    """An uninterrupted interval above a limit, and its highest value."""

    start: datetime
    end: datetime
    peak: float

    @property
    def length(self) -> timedelta:
        """The length of the interval."""
        return self.end - self.start

    def __str__(self) -> str:
        return f"for {format_duration(self.length)} from {self.start:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedLimit:
    """A promised limit of a metric: it fails when the metric is above `limit` for `sustained`.

    `what` names the metric, `limit_text` is the limit as configured, and `format_value` formats a value of the metric.
    `direction` says on which side of `limit_text` the promise is; "above" is judged by the complement of a ratio.
    """

    what: str
    limit: float
    sustained: timedelta
    limit_text: str
    format_value: Callable[[float], str]
    direction: str = "below"

    @property
    def sentence_start(self) -> str:
        """The name of the metric as the start of a sentence."""
        return self.what[:1].upper() + self.what[1:]

    @property
    def expected(self) -> str:
        """The promise as a finding shows it, such as `the p95 latency below 500ms for 5m`."""
        return f"{self.what} {self.direction} {self.limit_text}"

    @property
    def kept_text(self) -> str:
        """The summary of a PASS."""
        return f"{self.sentence_start} stayed within its limit ({self.direction} {self.limit_text})"


def longest_time_above(series: AlignedSeries, limit: float) -> TimeAboveLimit | None:
    """The longest uninterrupted interval with values above `limit`, the first of equals.

    A period without a datapoint interrupts the interval, since its value is unknown. An interval that ends in the
    warm-up is left out.
    """
    intervals: list[TimeAboveLimit] = []
    position = 0
    for above, group in groupby(series.values, key=lambda value: value is not None and value > limit):
        values = [value for value in group if value is not None or not above]
        if above and position + len(values) > series.warm_up_periods:
            peak = max(value for value in values if value is not None)
            end = series.time_at(position + len(values))
            intervals.append(TimeAboveLimit(start=series.time_at(position), end=end, peak=peak))
        position += len(values)
    return max(intervals, key=lambda interval: interval.length, default=None)


def judge_sustained(
    series: AlignedSeries,
    active_periods: tuple[bool, ...],
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict | None = None,
) -> Verdict:
    """The verdict on a metric with a promised limit.

    `active_periods` marks the periods that should have a datapoint. An observed breach is a FAIL, even when most data
    is missing. Without an active period in the judged window the verdict is `idle_verdict`; with datapoints in fewer
    than half of the active periods it is UNVERIFIED.
    """
    longest = longest_time_above(series, promise.limit)
    if longest is not None and longest.length >= promise.sustained:
        peak = promise.format_value(longest.peak)
        return failed(
            f"{promise.sentence_start} was above the limit {longest}, with a peak of {peak}",
            observed=f"peak {peak}, above the limit {longest}",
            expected=promise.expected,
        )
    inconclusive = inconclusive_verdict(series, active_periods, promise, idle_verdict=idle_verdict)
    if inconclusive is not None:
        return inconclusive
    highest = max(value for value in series.judged if value is not None)
    return passed(
        promise.kept_text,
        observed=f"peak {promise.format_value(highest)} in {series.datapoint_count} minutes with data",
        expected=promise.expected,
    )


def inconclusive_verdict(
    series: AlignedSeries,
    active_periods: tuple[bool, ...],
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict | None = None,
) -> Verdict | None:
    """The verdict when no breach was observed and the data does not prove a PASS; None when it does."""
    short = _short_window(series, promise)
    return short or (
        idle_verdict
        if idle_verdict and not any(active_periods[series.warm_up_periods :])
        else _missing_data(series, active_periods, promise)
    )


def _short_window(series: AlignedSeries, promise: PromisedLimit) -> Verdict | None:
    """UNVERIFIED when the window is shorter than the promised duration, else None."""
    needed = max(promise.sustained, series.period)
    if series.judged and series.length >= needed:
        return None
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"The window of {format_duration(series.length)} is shorter than the promised {format_duration(needed)}",
        expected=promise.expected,
        remedy="Raise run.lookback.",
    )


def _missing_data(series: AlignedSeries, active: tuple[bool, ...], promise: PromisedLimit) -> Verdict | None:
    """UNVERIFIED when fewer than half of the active periods of the judged window have a datapoint, else None."""
    active = active[series.warm_up_periods :]
    expected = sum(active)
    known = sum(value is not None for value, is_active in zip(series.judged, active, strict=True) if is_active)
    if 2 * known >= expected and known > 0:
        return None
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"CloudWatch has datapoints of {promise.what} for only {known} of {expected} minutes that should have one",
        expected=promise.expected,
        remedy="Run again later, as CloudWatch can be late. If data is still missing, check the AWS Health Dashboard.",
    )


def no_activity_verdict(what: str) -> Verdict:
    """NOT_APPLICABLE: CloudWatch answered completely and has no datapoint of `what`."""
    return not_applicable(
        f"CloudWatch has no {what} in the window, so there is nothing to judge", observed=f"no {what}"
    )
