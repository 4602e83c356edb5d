"""What each period of a metric says about its limit; docs/time-limits.md has the table."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from itertools import groupby

from basewatch.metrics import SETTLE_DELAY
from checks.service.aligned_series import AlignedSeries

MAY_BE_LATE = timedelta(minutes=5) - SETTLE_DELAY
"""How much of the end of a window may still lack datapoints, as CloudWatch may take five minutes."""

_SHORT_SILENCE = 2
"""The most periods of a silence that may as well be datapoints that CloudWatch lost."""


class PeriodKind(Enum):
    """What is known of one period.

    A SILENT period had no event. In an UNSEEN one there were events, and their value is missing. Of an UNKNOWN one it
    is not even known whether there were any.
    """

    KEPT = "kept"
    BEYOND = "beyond"
    SILENT = "silent"
    UNSEEN = "unseen"
    UNKNOWN = "unknown"


Kinds = tuple[PeriodKind, ...]
MISSING = frozenset({PeriodKind.UNSEEN, PeriodKind.UNKNOWN})
"""The kinds that may hide a breach."""


def gauge_kinds(series: AlignedSeries, limit: float, absent: tuple[bool, ...] = ()) -> Kinds:
    """The kinds of a metric whose source always reports, except in `absent` periods, in which it did not exist.

    A source that has not reported since, longer than CloudWatch may be late, was not restarted: its values are missing.
    """
    absent = absent or (False,) * len(series.values)
    reported = max((at + 1 for at, value in enumerate(series.values) if value is not None or absent[at]), default=0)
    settled = len(series.values) - -(-MAY_BE_LATE // series.period)

    def without_value(position: int) -> PeriodKind:
        if absent[position]:
            return PeriodKind.SILENT
        return PeriodKind.UNSEEN if reported <= position < settled else PeriodKind.UNKNOWN

    return tuple(_kind(value, limit, without_value(at)) for at, value in enumerate(series.values))


def event_kinds(series: AlignedSeries, activity: AlignedSeries, limit: float, may_be_late: timedelta) -> Kinds:
    """The kinds of a metric of events, of which `activity` counts all.

    Without a datapoint of either there was no event, except after the last one at the end of the window, where both
    may be late.
    """
    pairs = tuple(zip(series.values, activity.values, strict=True))
    reported = max((position + 1 for position, pair in enumerate(pairs) if pair != (None, None)), default=0)
    settled = max(reported, len(pairs) - -(-may_be_late // series.period))

    def without_value(position: int, events: float | None) -> PeriodKind:
        if events:
            return PeriodKind.UNSEEN
        return PeriodKind.UNKNOWN if events is None and position >= settled else PeriodKind.SILENT

    return tuple(_kind(value, limit, without_value(at, events)) for at, (value, events) in enumerate(pairs))


def with_events(series: AlignedSeries, activity: AlignedSeries) -> tuple[bool, ...]:
    """For each period, whether it had events: by their number, or else by the metric itself."""
    pairs = zip(series.values, activity.values, strict=True)
    return tuple(value is not None if events is None else events > 0 for value, events in pairs)


def short_silences(kinds: Kinds) -> frozenset[int]:
    """The silent periods of gaps so short, between periods beyond the limit, that they may be missing datapoints."""
    gaps, position = set[int](), 0
    for kind, group in groupby(kinds):
        end = position + len(list(group))
        inside = position > 0 and end < len(kinds) and kinds[position - 1] is kinds[end] is PeriodKind.BEYOND
        if kind is PeriodKind.SILENT and inside and end - position <= _SHORT_SILENCE:
            gaps.update(range(position, end))
        position = end
    return frozenset(gaps)


def _kind(value: float | None, limit: float, otherwise: PeriodKind) -> PeriodKind:
    if value is None:
        return otherwise
    return PeriodKind.BEYOND if value > limit else PeriodKind.KEPT
