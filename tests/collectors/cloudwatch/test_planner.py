"""Proves that the planner asks everything once, in the fewest calls, over windows that meet without a seam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import MetricSpec, Resource
from basewatch.components import Api, Component, Function, Table
from basewatch.family import MetricType
from basewatch.model import Window
from collectors import COLLECTORS
from collectors.cloudwatch.planner import (
    MAX_DATAPOINTS,
    MAX_QUERIES,
    MAX_STATISTICS,
    SETTLE,
    Query,
    covered,
    plan,
    settled,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = Window(start=NOON - timedelta(hours=1), end=NOON)
STATISTICS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p95", "p99")


def made(resource: int, statistic: str, *, metric: str = "M", minutes: int = 1) -> Query:
    """A query for a statistic of a numbered resource's metric."""
    return Query(
        collector="c",
        resource=Resource(component=f"function/{resource}", dimensions=(("N", str(resource)),), labels=()),
        spec=MetricSpec(
            family=f"{metric}_{statistic}_{minutes}",
            type=MetricType.GAUGE,
            help="",
            namespace="S",
            metric=metric,
            statistic=statistic,
            period=timedelta(minutes=minutes),
        ),
    )


def fleet(shapes: Sequence[tuple[str, int, Collection[str], int]]) -> list[Query]:
    """The queries of many resources: for each shape, a metric's statistics of that many of them."""
    return [
        made(resource, statistic, metric=f"{metric}{position}", minutes=minutes)
        for position, (metric, minutes, statistics, count) in enumerate(shapes)
        for resource in range(count)
        for statistic in sorted(statistics)
    ]


QUERIES = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from([1, 5, 15]),
        st.sets(st.sampled_from(STATISTICS), min_size=1),
        st.integers(1, 60),
    ),
    max_size=6,
).map(fleet)
WINDOWS = st.builds(
    lambda back, length: Window(start=NOON - timedelta(minutes=back + length), end=NOON - timedelta(minutes=back)),
    st.integers(0, 60),
    st.integers(1, 3 * 1440),
)


def real(components: Sequence[Component]) -> list[Query]:
    """What our collectors ask of these components."""
    return [
        Query(collector=collector.name, resource=resource, spec=spec)
        for collector in COLLECTORS
        for component in components
        if isinstance(component, collector.component)
        for resource, specs in collector.resources(component)
        for spec in specs
    ]


@given(QUERIES, WINDOWS)
def test_every_query_is_asked_exactly_once(queries: list[Query], window: Window) -> None:
    """No query is lost and none is paid for twice."""
    asked = Counter(query for batch in plan(queries, window) for query in batch.queries)
    assert asked == Counter(queries)


@given(QUERIES, WINDOWS)
def test_no_call_is_more_than_cloudwatch_takes(queries: list[Query], window: Window) -> None:
    """A call has at most 500 queries, and at most 100,800 datapoints unless a single metric has more."""
    for batch in plan(queries, window):
        assert 1 <= len(batch.queries) <= MAX_QUERIES
        points = sum(max(1, covered(query.spec, window).length // query.spec.period) for query in batch.queries)
        assert points <= MAX_DATAPOINTS or len({query.metric for query in batch.queries}) == 1


@given(QUERIES, WINDOWS)
def test_statistics_of_a_metric_stand_together(queries: list[Query], window: Window) -> None:
    """A metric's statistics are adjacent in one call, five at most, so that they are billed as one."""
    runs = Counter(
        metric for batch in plan(queries, window) for metric, _ in groupby(batch.queries, key=lambda q: q.metric)
    )
    sizes = Counter(query.metric for query in queries)
    for metric, size in sizes.items():
        assert runs[metric] <= -(-size // MAX_STATISTICS)


@given(QUERIES, st.randoms(use_true_random=False))
def test_the_order_of_queries_does_not_matter(queries: list[Query], random: Random) -> None:
    """The same queries make the same calls, so that their ids and bodies stay what they are."""
    calls = plan(queries, HOUR)
    random.shuffle(queries)
    assert plan(queries, HOUR) == calls


@pytest.mark.parametrize("count", [1, 40, 55, 56, 100, 111, 500, 1000])
def test_the_steady_state_takes_the_fewest_calls(count: int) -> None:
    """Our collectors' queries fill every call but the last."""
    components = (
        *(Function(name=f"f{number}") for number in range(count)),
        *(Table(name=f"t{number}") for number in range(count // 2)),
        *(Api(name=f"a{number}", stage="prod") for number in range(count // 4)),
    )
    queries, window = real(components), Window(start=NOON - timedelta(minutes=5), end=NOON)
    assert len(plan(queries, window)) == -(-len(queries) // MAX_QUERIES)


def test_single_statistics_fill_what_triples_leave() -> None:
    """166 metrics of three statistics leave two places in a call, which metrics of one take."""
    triples = fleet([("A", 1, {"Sum", "p95", "p99"}, 332)])
    singles = fleet([("B", 1, {"Sum"}, 4)])
    assert [len(batch.queries) for batch in plan([*singles, *triples], HOUR)] == [500, 500]


def test_periods_of_different_length_share_a_call() -> None:
    """One call asks for minutes and quarters of an hour, from a start that is a multiple of both."""
    window = Window(start=NOON - timedelta(minutes=20), end=NOON)
    (batch,) = plan([made(1, "Sum"), made(2, "Sum", minutes=15)], window)
    assert batch.window == Window(start=NOON - timedelta(minutes=30), end=NOON)


@given(st.datetimes(datetime(2024, 1, 1), timezones=st.just(UTC)), st.integers(60, 10**5), st.integers(60, 10**5))  # noqa: DTZ001  # a bound
def test_windows_that_meet_go_on_meeting(start: datetime, first: int, second: int) -> None:
    """Two windows that follow each other still do when settled, on whole minutes, for every period."""
    middle, end = start + timedelta(seconds=first), start + timedelta(seconds=first + second)
    one, two = settled(Window(start=start, end=middle)), settled(Window(start=middle, end=end))
    assert one.end == two.start
    assert (one.start.second, one.start.microsecond) == (0, 0)
    assert one.end <= middle - SETTLE
    spec = made(1, "Sum", minutes=5).spec
    assert covered(spec, one).end == covered(spec, two).start


def test_nothing_to_ask_makes_no_call() -> None:
    """An empty platform costs nothing."""
    assert plan([], HOUR) == ()
