"""Plans GetMetricData: the queries of all collectors over one window, in the fewest calls."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from basewatch.collector import MetricSpec, MetricTarget
from basewatch.metrics import SETTLE_DELAY
from basewatch.model import Window
from collectors.cloudwatch.packing import Packing
from collectors.cloudwatch.wire import queries_json

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
# Up to five statistics of one metric in one request are billed as one metric.
STATISTICS_PER_BILLED_METRIC = 5
REREAD_SETTLE_DELAY = timedelta(minutes=2)
"""The same for a reader that reads periods again and corrects them."""

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
        """The unit of billing: account, region, namespace, name, dimensions and period."""
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
    """Values derived from the queries of a call, computed on first use."""

    json: dict[str, bytes] = field(default_factory=dict[str, bytes])
    billable_counts: BillableCounts | None = None
    periods: Mapping[timedelta, int] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """At most 500 queries of one source over one window. The id of a query is `q` and its position.

    Derived values, such as the JSON, are computed once and shared with the same queries over other windows.
    """

    queries: tuple[Query, ...]
    window: Window
    _known: _Known = field(default_factory=_Known, repr=False, compare=False)

    def with_window(self, window: Window) -> Call:
        """The same queries over another window."""
        return replace(self, window=window)

    def json(self, requesting_account: str) -> bytes:
        """The queries as JSON, as sent by `requesting_account`; queries of other accounts name their account."""
        if requesting_account not in self._known.json:
            # Kept between refreshes; compression makes it ten times smaller.
            self._known.json[requesting_account] = zlib.compress(
                self.json_of(range(len(self.queries)), requesting_account), 1
            )
        return zlib.decompress(self._known.json[requesting_account])

    def json_of(self, positions: Iterable[int], requesting_account: str) -> bytes:
        """Some of the queries as JSON, with their ids in the whole call."""
        return queries_json(
            ((at, self.queries[at].target, self.queries[at].spec) for at in positions), requesting_account
        )

    @property
    def billable_counts(self) -> BillableCounts:
        """The queries and billed metrics of each collector."""
        if self._known.billable_counts is None:
            self._known.billable_counts = count_billable(self.queries)
        return self._known.billable_counts

    @property
    def periods(self) -> Mapping[timedelta, int]:
        """The number of queries by period."""
        if self._known.periods is None:
            self._known.periods = Counter(query.spec.period for query in self.queries)
        return self._known.periods

    @property
    def datapoints(self) -> int:
        """The maximum number of datapoints in the response."""
        return sum(count * period_count(period, self.window.length) for period, count in self.periods.items())


def count_billable(queries: Iterable[Query]) -> BillableCounts:
    """Queries and billed metrics of one call, by collector; up to five statistics of a metric are billed as one."""
    statistics: dict[str, Counter[object]] = {}
    for query in queries:
        statistics.setdefault(query.target.collector, Counter())[query.billed_metric] += 1
    return {
        collector: (counts.total(), sum(-(-count // STATISTICS_PER_BILLED_METRIC) for count in counts.values()))
        for collector, counts in statistics.items()
    }


def settled_window(window: Window, settle: timedelta = SETTLE_DELAY) -> Window:
    """`window` shifted back by `settle` and rounded down to whole minutes; its length in minutes stays the same.

    Consecutive windows stay consecutive: no period is skipped and none is read twice.
    """
    return Window(start=floor_time(window.start - settle, _MINUTE), end=floor_time(window.end - settle, _MINUTE))


def aligned_window(queries: Iterable[Query], window: Window) -> Window:
    """The window, starting at a multiple of the longest period, so that all periods are complete."""
    longest = max((query.spec.period for query in queries), default=_MINUTE)
    return Window(start=floor_time(window.start, longest), end=window.end)


def covered_window(spec: MetricSpec, window: Window) -> Window:
    """The complete periods of `spec` that end within the window; consecutive windows share no period."""
    return Window(start=floor_time(window.start, spec.period), end=floor_time(window.end, spec.period))


def floor_time(moment: datetime, period: timedelta) -> datetime:
    """The last multiple of `period` since the epoch that is not after `moment`."""
    return _EPOCH + (moment - _EPOCH) // period * period


def period_count(period: timedelta, length: timedelta) -> int:
    """The maximum number of periods in a window of that length, at least one."""
    return max(1, -(-length // period))


def pack_calls(queries: Iterable[Query], window_length: Callable[[Query], timedelta]) -> tuple[tuple[Query, ...], ...]:
    """The queries of one source, each once, in the fewest calls; equal queries give equal calls.

    `window_length` returns how far back a query reads; queries with similar windows share calls, so that few calls have
    long windows. The statistics of a metric stay together, up to five, and are split only to save a call: a refresh of
    everything takes ceil(queries / 500) calls, and more only where a response could not hold all datapoints.
    """
    groups = [(max(map(window_length, group)), group) for group in _groups(queries)]
    # Smaller groups come later and fill the gaps that larger ones leave.
    groups.sort(key=lambda pair: (pair[0], len(pair[1])), reverse=True)
    # Aligning a window to the longest period lengthens it by less than that period.
    more = max((group[0].spec.period for _, group in groups), default=_MINUTE) - _MINUTE

    def weigh(group: tuple[Query, ...], first: tuple[Query, ...]) -> int:
        return len(group) * period_count(group[0].spec.period, max(map(window_length, first)) + more)

    return tuple(Packing([group for _, group in groups], max_items=MAX_QUERIES, max_weight=MAX_DATAPOINTS, weigh=weigh))


def _groups(queries: Iterable[Query]) -> Iterator[tuple[Query, ...]]:
    """The queries of each metric, at most five in a group."""
    by_metric: dict[object, list[Query]] = {}
    for query in queries:
        by_metric.setdefault(query.billed_metric, []).append(query)
    for _, same in sorted(by_metric.items(), key=itemgetter(0)):
        same.sort(key=lambda query: (query.spec.statistic, query.spec.series_name, query.target.resource.component))
        for first in range(0, len(same), STATISTICS_PER_BILLED_METRIC):
            yield tuple(same[first : first + STATISTICS_PER_BILLED_METRIC])
