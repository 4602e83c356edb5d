"""The planner requests everything once, in the fewest calls, over windows without gaps or overlaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Api, Function, Table
from basewatch.metrics import SETTLE_DELAY
from basewatch.model import Window
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location, declared_targets
from collectors.cloudwatch.planner import (
    MAX_DATAPOINTS,
    MAX_QUERIES,
    REREAD_SETTLE_DELAY,
    STATISTICS_PER_BILLED_METRIC,
    Call,
    Query,
    aligned_window,
    count_billable,
    covered_window,
    pack_calls,
    period_count,
    settled_window,
)
from tests.collectors.cloudwatch.examples import ACCOUNT, NOON, REGION, queries, spec, target

STATISTICS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p95", "p99")
WindowLength = Callable[[Query], timedelta]


def five(_query: Query) -> timedelta:
    """A window of five minutes for any query."""
    return timedelta(minutes=5)


def by_period(query: Query) -> timedelta:
    """A window of five minutes for each minute of the period."""
    return 5 * query.spec.period


def fleet(shapes: Sequence[tuple[int, Collection[str], int]]) -> list[Query]:
    """The queries of many functions: for each shape, a metric's statistics of that many functions."""
    return [
        query
        for position, (minutes, statistics, count) in enumerate(shapes)
        for query in queries(
            *(
                target(number, [spec(f"M{position}", statistic, minutes=minutes) for statistic in sorted(statistics)])
                for number in range(count)
            )
        )
    ]


def constantly(minutes: int) -> WindowLength:
    """A window of that many minutes for any query."""
    return lambda _query: timedelta(minutes=minutes)


QUERIES = st.lists(
    st.tuples(st.sampled_from([1, 5, 15]), st.sets(st.sampled_from(STATISTICS), min_size=1), st.integers(1, 60)),
    max_size=5,
).map(fleet)
REACHES: st.SearchStrategy[WindowLength] = st.sampled_from([five, by_period])
LONG: st.SearchStrategy[WindowLength] = st.integers(1, 3 * 1440).map(constantly)


def fewest(planned: Sequence[Query]) -> int:
    """The fewest calls for that many queries."""
    return -(-len(planned) // MAX_QUERIES)


@given(QUERIES, st.one_of(REACHES, LONG))
def test_every_query_is_planned_exactly_once(planned: list[Query], window_length: WindowLength) -> None:
    """No query is lost and none is billed twice."""
    assert Counter(query for call in pack_calls(planned, window_length) for query in call) == Counter(planned)


@given(QUERIES, REACHES)
def test_the_steady_state_takes_the_fewest_calls(planned: list[Query], window_length: WindowLength) -> None:
    """Groups of one to five queries with different windows take exactly ceil(queries / 500) calls."""
    assert len(pack_calls(planned, window_length)) == fewest(planned)


@given(QUERIES, LONG)
def test_no_call_exceeds_the_limits(planned: list[Query], window_length: WindowLength) -> None:
    """A call has at most 500 queries, and at most 100,800 datapoints unless a single metric has more."""
    for call in pack_calls(planned, window_length):
        assert 1 <= len(call) <= MAX_QUERIES
        window = aligned_window(call, Window(start=NOON - window_length(call[0]), end=NOON))
        total = sum(period_count(query.spec.period, window.length) for query in call)
        assert total <= MAX_DATAPOINTS or len({query.billed_metric for query in call}) == 1


@given(QUERIES, REACHES)
def test_statistics_of_a_metric_are_adjacent(planned: list[Query], window_length: WindowLength) -> None:
    """The statistics of a metric, up to five, are adjacent; at most one metric a call is split, never without need."""
    calls = pack_calls(planned, window_length)
    runs = Counter(metric for call in calls for metric, _ in groupby(call, key=lambda query: query.billed_metric))
    sizes = Counter(query.billed_metric for query in planned)
    parted = sum(
        runs[metric] - -(-size // STATISTICS_PER_BILLED_METRIC) for metric, size in sizes.items() if runs[metric] > 1
    )
    assert parted <= max(0, len(calls) - 1)


def test_no_group_is_split_where_places_may_stay_empty() -> None:
    """Groups of three leave two places in a call; while the last call has room, they are not split."""
    planned = fleet([(1, {"Sum", "p95", "p99"}, 450)])
    calls = pack_calls(planned, five)
    assert [len(call) for call in calls] == [498, 498, 354]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 450


def test_a_metric_is_split_to_save_a_call() -> None:
    """500 groups of three are three calls of 500, and two metrics are billed twice."""
    calls = pack_calls(fleet([(1, {"Sum", "p95", "p99"}, 500)]), five)
    assert [len(call) for call in calls] == [500, 500, 500]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 502


def test_single_statistics_fill_remaining_places() -> None:
    """166 metrics of three statistics leave two places in a call, which single statistics fill."""
    calls = pack_calls([*fleet([(1, {"Sum"}, 4)]), *fleet([(1, set(), 0), (1, {"Sum", "p95", "p99"}, 332)])], five)
    assert [len(call) for call in calls] == [500, 500]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 336


@given(QUERIES, REACHES, st.randoms(use_true_random=False))
def test_the_order_of_queries_does_not_matter(
    planned: list[Query], window_length: WindowLength, random: Random
) -> None:
    """Equal queries in any order give equal calls, so that ids and bodies stay the same."""
    calls = pack_calls(planned, window_length)
    random.shuffle(planned)
    assert pack_calls(planned, window_length) == calls


def test_long_windows_share_few_calls() -> None:
    """Queries with long windows share few calls."""
    planned = fleet([(1, {"Sum"}, 900), (15, {"Sum"}, 100)])
    far = [sum(query.spec.period > timedelta(minutes=1) for query in call) for call in pack_calls(planned, by_period)]
    assert far == [100, 0]


@pytest.mark.parametrize("count", [1, 40, 111, 500])
def test_the_shipped_collectors_fill_every_call(count: int) -> None:
    """The specs of functions, tables and APIs in all tiers take the fewest calls."""
    components = (
        *(Function(name=f"f{number}") for number in range(count)),
        *(Table(name=f"t{number}") for number in range(count // 2)),
        *(Api(name=f"a{number}", stage="prod") for number in range(count // 4)),
    )
    targets, _ = declared_targets(COLLECTORS, components, lambda _: Location(account_id=ACCOUNT, region=REGION))
    planned = list(queries(*dict.fromkeys(targets)))
    assert len(pack_calls(planned, lambda query: timedelta(minutes=5) + query.spec.allowed_lateness)) == fewest(planned)


def test_accounts_share_a_call() -> None:
    """Metrics of two accounts differ; with one source, they share a call."""
    (call,) = pack_calls(queries(target("f", [spec()]), target("f", [spec()], account="2")), five)
    assert count_billable(call) == {"lambda": (2, 2)}


def test_periods_of_different_length_share_a_window() -> None:
    """One call requests periods of 1 and 15 minutes, from a start that is a multiple of both."""
    planned = queries(target("f", [spec(), spec(minutes=15)]))
    window = aligned_window(planned, Window(start=NOON - timedelta(minutes=20), end=NOON))
    assert window == Window(start=NOON - timedelta(minutes=30), end=NOON)


@given(
    st.datetimes(datetime(2024, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # a bound
    st.integers(60, 10**5),
    st.integers(60, 10**5),
    st.sampled_from([SETTLE_DELAY, REREAD_SETTLE_DELAY]),
)
def test_consecutive_windows_stay_consecutive(start: datetime, first: int, second: int, settle: timedelta) -> None:
    """Two consecutive windows stay consecutive after settling, on whole minutes, for every period; none is open."""
    middle, end = start + timedelta(seconds=first), start + timedelta(seconds=first + second)
    one, two = (settled_window(Window(start=a, end=b), settle) for a, b in ((start, middle), (middle, end)))
    assert one.end == two.start
    assert (one.start.second, one.start.microsecond) == (0, 0)
    assert one.end <= middle - settle
    fives = spec(minutes=5)
    assert covered_window(fives, one).end == covered_window(fives, two).start


def test_a_call_counts_its_datapoints_and_metrics() -> None:
    """Datapoints follow the window's length; billed metrics are counted by collector."""
    planned = queries(
        target("f", [spec("D", statistic) for statistic in STATISTICS[:5]]),
        target("t", [spec("R", minutes=5)], collector="dynamodb"),
    )
    call = Call(planned, Window(start=NOON - timedelta(minutes=12), end=NOON))
    assert call.datapoints == 5 * 12 + 3
    assert call.billable_counts == {"lambda": (5, 1), "dynamodb": (1, 1)}


def test_without_queries_there_is_no_call() -> None:
    """An empty platform needs no call."""
    assert pack_calls([], five) == ()
