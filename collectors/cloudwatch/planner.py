"""Plans GetMetricData: every query of every collector that shares a window, in the fewest calls CloudWatch takes."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from basewatch.collector import MetricSpec, MetricTarget
from basewatch.model import Window
from collectors.cloudwatch.packing import Packing
from collectors.cloudwatch.wire import queries_json

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
# Up to five statistics of one metric are billed as one, when they are in the same request.
STATISTICS_PER_BILLED_METRIC = 5
SETTLE_DELAY = timedelta(minutes=3)
"""How long a pass gives CloudWatch to finish a period: it reads each once, and a younger one may still change."""
REREAD_SETTLE_DELAY = timedelta(minutes=2)
"""The same for whoever reads a period again later and corrects what changed."""

BillableCounts = Mapping[str, tuple[int, int]]
"""Queries and billed metrics by collector."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Query:
    """One statistic of one metric of one resource."""

    target: MetricTarget
    spec: MetricSpec

    @property
    def billed_metric(self) -> tuple[str, str, str, str, tuple[tuple[str, str], ...], timedelta]:
        """What CloudWatch bills as one metric: account, region, namespace, name, dimensions and period."""
        target, spec = self.target, self.spec
        return (
            target.account_id,
            target.region,
            spec.namespace,
            spec.metric,
            target.resource.dimensions,
            spec.period,
        )


@dataclass(slots=True)
class _Known:
    """What is worked out of a call's queries when it is first asked for."""

    json: dict[str, bytes] = field(default_factory=dict[str, bytes])
    asked: BillableCounts | None = None
    periods: Mapping[timedelta, int] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """At most 500 queries of one source over one window; a query's id is `q` and its position.

    What is worked out of them, such as their JSON, is so once, and shared by the same queries over another window.
    """

    queries: tuple[Query, ...]
    window: Window
    _known: _Known = field(default_factory=_Known, repr=False, compare=False)

    def with_window(self, window: Window) -> Call:
        """The same queries over another window."""
        return replace(self, window=window)

    def json(self, requesting_account: str) -> bytes:
        """The queries, as `requesting_account` (an account) writes them: those of another account name it."""
        if requesting_account not in self._known.json:
            # Kept for every refresh, at a tenth of its size.
            self._known.json[requesting_account] = zlib.compress(
                self.json_of(range(len(self.queries)), requesting_account), 1
            )
        return zlib.decompress(self._known.json[requesting_account])

    def json_of(self, positions: Iterable[int], requesting_account: str) -> bytes:
        """Some of the queries, under the ids that they have in the whole call."""
        return queries_json(
            ((at, self.queries[at].target, self.queries[at].spec) for at in positions), requesting_account
        )

    @property
    def billable_counts(self) -> BillableCounts:
        """What the call asks for each collector."""
        if self._known.asked is None:
            self._known.asked = count_billable(self.queries)
        return self._known.asked

    @property
    def periods(self) -> Mapping[timedelta, int]:
        """How many queries have each period."""
        if self._known.periods is None:
            self._known.periods = Counter(query.spec.period for query in self.queries)
        return self._known.periods

    @property
    def datapoints(self) -> int:
        """How many datapoints the call asks for at most."""
        return sum(count * period_count(period, self.window.length) for period, count in self.periods.items())


def count_billable(queries: Iterable[Query]) -> BillableCounts:
    """What one call asks for each collector: queries, and metrics, where up to five statistics of one are one."""
    statistics: dict[str, Counter[object]] = {}
    for query in queries:
        statistics.setdefault(query.target.collector, Counter())[query.billed_metric] += 1
    return {
        collector: (counts.total(), sum(-(-count // STATISTICS_PER_BILLED_METRIC) for count in counts.values()))
        for collector, counts in statistics.items()
    }


def settled_window(window: Window, settle: timedelta = SETTLE_DELAY) -> Window:
    """The span to ask for in place of `window`: as long, on whole minutes, and earlier by `settle`.

    Windows that follow each other stay so: no period is missed and none comes twice.
    """
    return Window(start=floor_time(window.start - settle, _MINUTE), end=floor_time(window.end - settle, _MINUTE))


def aligned_window(queries: Iterable[Query], window: Window) -> Window:
    """A window that starts at a multiple of the queries' longest period, so that CloudWatch's periods are whole."""
    longest = max((query.spec.period for query in queries), default=_MINUTE)
    return Window(start=floor_time(window.start, longest), end=window.end)


def covered_window(spec: MetricSpec, window: Window) -> Window:
    """The span of whole periods of `spec` that end within the window; consecutive windows share no period."""
    return Window(start=floor_time(window.start, spec.period), end=floor_time(window.end, spec.period))


def floor_time(moment: datetime, period: timedelta) -> datetime:
    """The last multiple of `period` since the epoch that is not after `moment`."""
    return _EPOCH + (moment - _EPOCH) // period * period


def period_count(period: timedelta, length: timedelta) -> int:
    """How many periods a window of that length touches: one at least."""
    return max(1, -(-length // period))


def pack_calls(queries: Iterable[Query], window_length: Callable[[Query], timedelta]) -> tuple[tuple[Query, ...], ...]:
    """The queries of one source, each once, in the fewest calls; the same queries always make the same calls.

    `window_length` is how far back a query has to be read; those of like reach are together, so that few calls have
    long windows. A metric's statistics are side by side, five at most, and parted only where one more call was needed
    otherwise: a whole refresh is ceil(queries / 500) calls. Only where one answer could not hold the datapoints of so
    many are there more.
    """
    groups = [(max(map(window_length, group)), group) for group in _groups(queries)]
    # The smaller ones come later, to fill what the larger ones leave.
    groups.sort(key=lambda pair: (pair[0], len(pair[1])), reverse=True)
    # Aligning a window to the longest period may lengthen it by almost that much.
    more = max((group[0].spec.period for _, group in groups), default=_MINUTE) - _MINUTE

    def weigh(group: tuple[Query, ...], first: tuple[Query, ...]) -> int:
        return len(group) * period_count(group[0].spec.period, max(map(window_length, first)) + more)

    return tuple(Packing([group for _, group in groups], max_items=MAX_QUERIES, max_weight=MAX_DATAPOINTS, weigh=weigh))


def _groups(queries: Iterable[Query]) -> Iterator[tuple[Query, ...]]:
    """The queries of each metric, at most five at a time."""
    by_metric: dict[object, list[Query]] = {}
    for query in queries:
        by_metric.setdefault(query.billed_metric, []).append(query)
    for _, same in sorted(by_metric.items(), key=itemgetter(0)):
        same.sort(key=lambda query: (query.spec.statistic, query.spec.series_name, query.target.resource.component))
        for first in range(0, len(same), STATISTICS_PER_BILLED_METRIC):
            yield tuple(same[first : first + STATISTICS_PER_BILLED_METRIC])
