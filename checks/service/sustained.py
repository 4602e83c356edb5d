"""Sustained above a limit: the one judgement that all service checks share, over facts that hold every point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from basewatch.model import Reason, Verdict, failed, not_applicable, passed, unverified
from basewatch.quantities import format_duration
from checks.service.minute_grid import AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAboveLimit:
    """An unbroken span of time, and the highest value within it."""

    start: datetime
    end: datetime
    peak: float

    @property
    def length(self) -> timedelta:
        """How long the stretch lasted."""
        return self.end - self.start

    def __str__(self) -> str:
        return f"for {format_duration(self.length)} from {self.start:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedLimit:
    """What is promised of a number: `what` it is, its `limit` for how long, as `limit_text` says it, and how it is shown.

    The number is one that stays below its limit; `direction` is where people expect what they are told of it.
    """

    what: str
    limit: float
    sustained: timedelta
    limit_text: str
    format_value: Callable[[float], str]
    direction: str = "below"

    @property
    def sentence_start(self) -> str:
        """What the promise is of, as a sentence begins."""
        return self.what[:1].upper() + self.what[1:]

    @property
    def expected(self) -> str:
        """The promise as a finding shows it."""
        return f"{self.what} {self.direction} {self.limit_text}"

    @property
    def kept_text(self) -> str:
        """That it was kept, as a sentence."""
        return f"{self.sentence_start} stayed {self.direction} {self.limit_text}"


def longest_time_above(track: AlignedSeries, limit: float) -> TimeAboveLimit | None:
    """The longest unbroken stretch of periods with values above `limit`, the first of equals.

    A period without a datapoint is not above the limit, so it ends a stretch: nobody knows what it was like. A stretch
    that was over before the periods that are judged is left out.
    """
    stretches: list[TimeAboveLimit] = []
    position = 0
    for above, group in groupby(track.values, key=lambda value: value is not None and value > limit):
        values = [value for value in group if value is not None or not above]
        if above and position + len(values) > track.warm_up_periods:
            peak = max(value for value in values if value is not None)
            end = track.time_at(position + len(values))
            stretches.append(TimeAboveLimit(start=track.time_at(position), end=end, peak=peak))
        position += len(values)
    return max(stretches, key=lambda stretch: stretch.length, default=None)


def judge_sustained(
    track: AlignedSeries,
    active_periods: tuple[bool, ...],
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict | None = None,
) -> Verdict:
    """Whether the number stayed within its promise.

    `active_periods` says of each period whether a datapoint is to be expected. A breach that was seen is a FAIL,
    however little else was seen. Without any busy period among those that are judged the verdict is `idle_verdict`;
    with datapoints in fewer than half of them, nobody can tell.
    """
    worst = longest_time_above(track, promise.limit)
    if worst is not None and worst.length >= promise.sustained:
        peak = promise.format_value(worst.peak)
        return failed(
            f"{promise.sentence_start} was above the limit {worst}, and reached {peak}",
            observed=f"{peak} at most, above the limit {worst}",
            expected=promise.expected,
        )
    doubt = inconclusive_verdict(track, active_periods, promise, idle_verdict=idle_verdict)
    if doubt is not None:
        return doubt
    highest = max(value for value in track.judged if value is not None)
    return passed(
        promise.kept_text,
        observed=f"{promise.format_value(highest)} at most in {track.datapoint_count} minutes with data",
        expected=promise.expected,
    )


def inconclusive_verdict(
    track: AlignedSeries,
    active_periods: tuple[bool, ...],
    promise: PromisedLimit,
    *,
    idle_verdict: Verdict | None = None,
) -> Verdict | None:
    """Why there is nothing good to say of a promise of which no breach was seen, if there is a reason."""
    short = _short_window(track, promise)
    return short or (
        idle_verdict
        if idle_verdict and not any(active_periods[track.warm_up_periods :])
        else _missing(track, active_periods, promise)
    )


def _short_window(track: AlignedSeries, promise: PromisedLimit) -> Verdict | None:
    """UNVERIFIED, when the window is too short to hold a breach."""
    needed = max(promise.sustained, track.period)
    if track.judged and track.length >= needed:
        return None
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"The window of {format_duration(track.length)} is too short to judge {format_duration(needed)}",
        expected=promise.expected,
        remedy="Raise run.lookback.",
    )


def _missing(track: AlignedSeries, busy: tuple[bool, ...], promise: PromisedLimit) -> Verdict | None:
    """UNVERIFIED, when fewer than half of the busy periods that are judged have a datapoint."""
    expecting = busy[track.warm_up_periods :]
    expected = sum(expecting)
    known = sum(value is not None for value, busy in zip(track.judged, expecting, strict=True) if busy)
    if 2 * known >= expected and known > 0:
        return None
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"CloudWatch has {promise.what} for only {known} of {expected} minutes in which there should be some",
        expected=promise.expected,
        remedy="Run again when CloudWatch has caught up; if it stays, look at AWS Health.",
    )


def no_activity_verdict(what: str) -> Verdict:
    """NOT_APPLICABLE, as CloudWatch answered completely and has nothing."""
    return not_applicable(
        f"CloudWatch has no {what} in the window, so there is nothing to judge", observed=f"no {what}"
    )
