"""Judges promises of the kind `below X for T` of gauges, rates and percentiles; docs/time-limits.md has the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from basewatch.metrics import kept_for
from basewatch.model import Reason, Verdict, failed, not_applicable, passed, unverified
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries
from checks.service.period_kinds import (
    MAY_BE_LATE,
    Kinds,
    PeriodKind,
    event_kinds,
    gauge_kinds,
    short_silences,
    with_events,
)
from checks.service.promises import PromisedLimit
from checks.service.stretches import (
    BrokenStretches,
    broken_stretches,
    every_period_beyond,
    mean_beyond,
    percentile_beyond,
)

LATE_REMEDY = "Run again later, as CloudWatch can be late. If data is still missing, check the AWS Health Dashboard."


def judge_gauge(
    series: AlignedSeries,
    promise: PromisedLimit,
    *,
    absent: tuple[bool, ...] = (),
    idle_verdict: Verdict | None = None,
) -> Verdict:
    """The verdict on a metric whose source always reports, except in `absent` periods, in which it did not exist.

    Without a period in which it existed the verdict is `idle_verdict`.
    """
    expected = tuple(not gone for gone in absent) or (True,) * len(series.values)
    kinds = gauge_kinds(series, promise.limit, absent)
    broken = broken_stretches(kinds, series, promise.sustained, every_period_beyond)
    return _verdict(series, kinds, broken, promise, inconclusive_verdict(series, expected, promise, idle_verdict))


def judge_rate(
    rate: AlignedSeries,
    activity: AlignedSeries,
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict,
    may_be_late: timedelta = MAY_BE_LATE,
) -> Verdict:
    """The verdict on a rate of events, of a source whose `activity` counts all of its events."""
    kinds = event_kinds(rate, activity, promise.limit, may_be_late)
    breaks = mean_beyond(rate, promise.limit)
    broken = broken_stretches(kinds, rate, promise.sustained, breaks, short_silences(kinds))
    expected = with_events(rate, activity)
    return _verdict(rate, kinds, broken, promise, inconclusive_verdict(rate, expected, promise, idle_verdict))


def judge_percentile(
    percentile: AlignedSeries,
    calls: AlignedSeries,
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict,
    may_be_late: timedelta = MAY_BE_LATE,
) -> Verdict:
    """The verdict on a 95th percentile of `calls`, period by period."""
    kinds = event_kinds(percentile, calls, promise.limit, may_be_late)
    broken = broken_stretches(kinds, percentile, promise.sustained, percentile_beyond(calls))
    expected = with_events(percentile, calls)
    return _verdict(
        percentile, kinds, broken, promise, inconclusive_verdict(percentile, expected, promise, idle_verdict)
    )


def _verdict(
    series: AlignedSeries, kinds: Kinds, broken: BrokenStretches, promise: PromisedLimit, inconclusive: Verdict | None
) -> Verdict:
    """FAIL, when a stretch certainly breaks the promise; else UNVERIFIED or `inconclusive`, and else PASS."""
    if broken.certain:
        longest = max(broken.certain, key=len)
        span = f"for {_span(series, longest)}"
        peak = promise.format_value(max(_values(series, longest)))
        verdict = failed(
            f"{promise.sentence_start} was above the limit {span}, with a peak of {peak}",
            observed=f"peak {peak}, above the limit {span}",
            expected=promise.expected,
        )
        return replace(verdict, since=series.time_at(longest.start))
    if broken.possible:
        return _possible_breach(series, kinds, promise, max(broken.possible, key=len))
    if inconclusive is not None:
        return inconclusive
    highest = max(value for value in series.judged if value is not None)
    return passed(
        promise.kept_text,
        observed=f"peak {promise.format_value(highest)} in {series.datapoint_count} minutes with data",
        expected=promise.expected,
    )


def _possible_breach(series: AlignedSeries, kinds: Kinds, promise: PromisedLimit, stretch: range) -> Verdict:
    values, span = _values(series, stretch), _span(series, stretch)
    beyond = sum(kinds[at] is PeriodKind.BEYOND for at in stretch)
    observed = f"{len(stretch) - len(values)} of {len(stretch)} minutes unknown, {beyond} above the limit, for {span}"
    peak = f", and the others reach {promise.format_value(max(values))}" if values else ""
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"{promise.sentence_start} may have been above the limit for {span}: minutes are missing{peak}",
        observed=observed,
        expected=promise.expected,
        remedy=LATE_REMEDY,
    )


def _values(series: AlignedSeries, stretch: range) -> list[float]:
    return [value for value in series.values[stretch.start : stretch.stop] if value is not None]


def _span(series: AlignedSeries, stretch: range) -> str:
    return f"{format_duration(series.period * len(stretch))} from {series.time_at(stretch.start):%Y-%m-%d %H:%M} UTC"


def inconclusive_verdict(
    series: AlignedSeries,
    active_periods: tuple[bool, ...],
    promise: PromisedLimit,
    idle_verdict: Verdict | None = None,
) -> Verdict | None:
    """The verdict when no breach was observed and the data does not prove a PASS; None when it does."""
    unseen = _short_window(series, promise) or _lost_start(series, promise)
    return unseen or (
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


def _lost_start(series: AlignedSeries, promise: PromisedLimit) -> Verdict | None:
    """UNVERIFIED when CloudWatch no longer keeps the start of the judged window, as after weeks without a pass."""
    lost = len(series.values) - kept_for(series.period) // series.period
    if lost <= series.warm_up_periods:
        return None
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"CloudWatch no longer keeps {promise.what} from before {series.time_at(lost):%Y-%m-%d %H:%M} UTC",
        observed=f"the window starts at {series.time_at(series.warm_up_periods):%Y-%m-%d %H:%M} UTC",
        expected=promise.expected,
        remedy=f"Run a pass at least every {format_duration(kept_for(series.period))}; the next judges what is kept.",
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
        remedy=LATE_REMEDY,
    )


def no_activity_verdict(what: str) -> Verdict:
    """NOT_APPLICABLE: CloudWatch answered completely and has no datapoint of `what`."""
    return not_applicable(
        f"CloudWatch has no {what} in the window, so there is nothing to judge", observed=f"no {what}"
    )
