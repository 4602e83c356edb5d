"""Plans GetMetricData: every query of every collector over one window, in the fewest calls CloudWatch takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from basewatch.collector import MetricSpec, Resource
from basewatch.model import Window

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
# Up to five statistics of one metric are billed as one, when they are in the same request.
MAX_STATISTICS = 5
SETTLE = timedelta(minutes=3)
"""How long CloudWatch is given to finish a period: a younger one may still change, or not be there at all."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One statistic of one metric of one resource, asked for by `collector`."""

    collector: str
    resource: Resource
    spec: MetricSpec

    @property
    def metric(self) -> tuple[object, ...]:
        """What CloudWatch bills as one metric: its name, its dimensions and the period."""
        return self.spec.namespace, self.spec.metric, self.resource.dimensions, self.spec.period


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One call: at most 500 queries over one window; a query's id is `q` and its position."""

    queries: tuple[Query, ...]
    window: Window


def settled(window: Window) -> Window:
    """The span to ask for in place of `window`: as long, on whole minutes, and earlier by SETTLE.

    Windows that follow each other stay so: no period is missed and none comes twice.
    """
    return Window(start=_floor(window.start - SETTLE, _MINUTE), end=_floor(window.end - SETTLE, _MINUTE))


def plan(queries: Iterable[Query], window: Window) -> tuple[Batch, ...]:
    """The calls that answer every query once over `window`, which is on whole minutes.

    A metric's statistics stand side by side in one call. Periods of different length share a call: it starts at a
    multiple of the longest, so that CloudWatch's periods are whole; the same queries always make the same calls.
    """
    parts = sorted(_parts(queries), key=len, reverse=True)
    return tuple(_batch(call.queries, window) for call in _packed(parts, window))


def covered(spec: MetricSpec, window: Window) -> Window:
    """The span of whole periods of `spec` that end within the window; consecutive windows share no period."""
    return Window(start=_floor(window.start, spec.period), end=_floor(window.end, spec.period))


def _floor(moment: datetime, period: timedelta) -> datetime:
    return _EPOCH + (moment - _EPOCH) // period * period


def _parts(queries: Iterable[Query]) -> Iterator[tuple[Query, ...]]:
    """The queries of each metric, at most five at a time."""
    ordered = sorted(queries, key=lambda query: (query.metric, query.spec.statistic, query.spec.family))
    for _, same in groupby(ordered, key=lambda query: query.metric):
        group = tuple(same)
        for first in range(0, len(group), MAX_STATISTICS):
            yield group[first : first + MAX_STATISTICS]


@dataclass(slots=True)
class _Call:
    """A call being filled."""

    queries: list[Query]
    points: int = 0

    def takes(self, part: Sequence[Query], points: int) -> bool:
        return len(self.queries) + len(part) <= MAX_QUERIES and self.points + points <= MAX_DATAPOINTS

    @property
    def full(self) -> bool:
        return len(self.queries) == MAX_QUERIES or self.points >= MAX_DATAPOINTS


def _packed(parts: Sequence[tuple[Query, ...]], window: Window) -> list[_Call]:
    """The parts, each in the first call that takes it; they come longest first, so single ones fill what is left."""
    calls: list[_Call] = []
    unfilled: list[_Call] = []
    for part in parts:
        points = sum(_points(query, window) for query in part)
        call = next((call for call in unfilled if call.takes(part, points)), None)
        if call is None:
            call = _Call([])
            calls.append(call)
            unfilled.append(call)
        call.queries.extend(part)
        call.points += points
        if call.full:
            unfilled.remove(call)
    return calls


def _points(query: Query, window: Window) -> int:
    span = covered(query.spec, window)
    return max(1, span.length // query.spec.period)


def _batch(queries: Sequence[Query], window: Window) -> Batch:
    longest = max(query.spec.period for query in queries)
    return Batch(queries=tuple(queries), window=Window(start=_floor(window.start, longest), end=window.end))
