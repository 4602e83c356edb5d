"""The stretches of a metric that break a promise of the kind `below X for T`; docs/time-limits.md has the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from checks.service.aligned_series import AlignedSeries
from checks.service.period_kinds import MISSING, Kinds, PeriodKind

MIN_EVENTS = 20
"""The fewest events by which a part of them is judged: with fewer, one event is more than 5%."""

_TAIL = 0.05
"""The part of events that a 95th percentile leaves out."""

_KNOWN_PER_MISSING = 4
"""How many known periods outweigh a missing one among them."""

Breaks = Callable[[Kinds, range], bool]
"""Whether the periods of a range, as these kinds, break the promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenStretches:
    """The stretches that certainly break a promise, and those that do if the missing periods are beyond the limit."""

    certain: tuple[range, ...]
    possible: tuple[range, ...]


def broken_stretches(
    kinds: Kinds, series: AlignedSeries, sustained: timedelta, breaks: Breaks, suspect: frozenset[int] = frozenset()
) -> BrokenStretches:
    """The stretches of `sustained` that reach the judged window and of which `breaks` holds, joined where they overlap.

    A missing period among four known ones is left out of a stretch: it neither ends nor excuses a breach. Where more
    are missing, the stretch is only possible. Periods in `suspect` may be missing too, though they look silent.
    """
    count, judged_from = period_count(sustained, series.period), series.warm_up_periods

    def found(judged: Kinds, missing: int, evidence: frozenset[PeriodKind]) -> tuple[range, ...]:
        return _joined(
            _trimmed(each, judged)
            for each in _ranges(judged, count, missing)
            if any(kinds[at] in evidence for at in each)
            and any(judged[at] is PeriodKind.BEYOND for at in each if at >= judged_from)
            and breaks(judged, each)
        )

    beyond = frozenset({PeriodKind.BEYOND})
    at_worst = tuple(PeriodKind.BEYOND if kind in MISSING or at in suspect else kind for at, kind in enumerate(kinds))
    return BrokenStretches(
        certain=found(kinds, count // _KNOWN_PER_MISSING, beyond),
        possible=found(at_worst, 0, beyond | {PeriodKind.UNSEEN}) if at_worst != kinds else (),
    )


def period_count(length: timedelta, period: timedelta) -> int:
    """The fewest periods that last `length`, at least one."""
    return max(1, -(-length // period))


def every_period_beyond(kinds: Kinds, stretch: range) -> bool:
    """Of a gauge: every period is beyond the limit."""
    return all(kinds[at] is PeriodKind.BEYOND or kinds[at] in MISSING for at in stretch)


def mean_beyond(series: AlignedSeries, limit: float) -> Breaks:
    """Of a rate: it begins and ends beyond the limit, no period keeps it, and neither does the mean.

    A period without a value counts as zero, or at worst as just beyond the limit.
    """

    def breaks(kinds: Kinds, stretch: range) -> bool:
        if not kinds[stretch[0]] is kinds[stretch[-1]] is PeriodKind.BEYOND or _any_kept(kinds, stretch):
            return False
        if every_period_beyond(kinds, stretch):
            return True
        at_worst = (limit if kinds[at] is PeriodKind.BEYOND else 0.0 for at in stretch)
        values = (series.values[at] for at in stretch)
        total = sum(worst if value is None else value for value, worst in zip(values, at_worst, strict=True))
        return total > limit * len(stretch)

    return breaks


def percentile_beyond(calls: AlignedSeries) -> Breaks:
    """Of a 95th percentile: no period with calls keeps the limit, and the calls suffice to say so.

    Where periods are silent, those beyond the limit have to last as long as promised, or to be alone: as much silence
    is before and after them. If the stretch has fewer than MIN_EVENTS calls, it is widened to both sides until it has
    them, or to the whole series. Then more than 5% of its calls have to be beyond the limit for certain.
    """
    counts = [value or 0.0 for value in calls.values]

    def breaks(kinds: Kinds, stretch: range) -> bool:
        if _any_kept(kinds, stretch):
            return False
        if every_period_beyond(kinds, stretch):
            return True
        if not _lasts_or_is_alone(kinds, stretch):
            return False
        widened = _widened(stretch, counts)
        # The percentile of n calls is beyond the limit only if at least this many are.
        slow = sum(_TAIL * counts[at] // 1 + 1 for at in widened if kinds[at] is PeriodKind.BEYOND)
        total = sum(max(counts[at], float(kinds[at] is PeriodKind.BEYOND)) for at in widened)
        return slow > _TAIL * total

    return breaks


def _ranges(kinds: Kinds, count: int, missing: int) -> Iterator[range]:
    """Every range that has `count` periods besides at most `missing` missing ones, none of them at its ends."""
    present = [at for at, kind in enumerate(kinds) if kind not in MISSING]
    for first, last in zip(present, present[count - 1 :], strict=False):
        if last - first + 1 - count <= missing:
            yield range(first, last + 1)


def _any_kept(kinds: Kinds, stretch: range) -> bool:
    return any(kinds[at] is PeriodKind.KEPT for at in stretch)


def _lasts_or_is_alone(kinds: Kinds, stretch: range) -> bool:
    """Whether the periods beyond the limit last as long as the stretch, or silence does on both of their sides."""
    joined = frozenset({PeriodKind.BEYOND, PeriodKind.SILENT})
    first, last = stretch.start, stretch.stop
    while first > 0 and kinds[first - 1] in joined:
        first -= 1
    while last < len(kinds) and kinds[last] in joined:
        last += 1
    beyond = _trimmed(range(first, last), kinds)
    before, after = beyond.start - first, last - beyond.stop
    alone = (before >= len(stretch) or first == 0) and (after >= len(stretch) or last == len(kinds))
    return len(beyond) >= len(stretch) or alone


def _widened(stretch: range, counts: list[float]) -> range:
    first, last, total = stretch.start, stretch.stop, sum(counts[stretch.start : stretch.stop])
    while total < MIN_EVENTS and (first > 0 or last < len(counts)):
        if first > 0:
            first -= 1
            total += counts[first]
        if last < len(counts):
            total += counts[last]
            last += 1
    return range(first, last)


def _trimmed(stretch: range, kinds: Kinds) -> range:
    """The stretch without the silence at its ends."""
    beyond = [at for at in stretch if kinds[at] is PeriodKind.BEYOND]
    return range(beyond[0], beyond[-1] + 1)


def _joined(stretches: Iterable[range]) -> tuple[range, ...]:
    joined: list[range] = []
    for stretch in stretches:
        if joined and stretch.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(stretch.stop, joined[-1].stop))
        else:
            joined.append(stretch)
    return tuple(joined)
