"""Proves that the planner asks everything once, in the fewest calls, over windows that meet without a seam."""

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
from basewatch.model import Window
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location, declared_targets
from collectors.cloudwatch.planner import (
    MAX_DATAPOINTS,
    MAX_QUERIES,
    REREAD_SETTLE_DELAY,
    SETTLE_DELAY,
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
Reach = Callable[[Query], timedelta]


def five(_query: Query) -> timedelta:
    """A reach of five minutes, whatever is asked."""
    return timedelta(minutes=5)


def by_period(query: Query) -> timedelta:
    """A reach that differs: five minutes for each minute of the period."""
    return 5 * query.spec.period


def fleet(shapes: Sequence[tuple[int, Collection[str], int]]) -> list[Query]:
    """The queries of many functions: for each shape, a metric's statistics of that many of them."""
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


def constantly(minutes: int) -> Reach:
    """So many minutes, whatever is asked."""
    return lambda _query: timedelta(minutes=minutes)


QUERIES = st.lists(
    st.tuples(st.sampled_from([1, 5, 15]), st.sets(st.sampled_from(STATISTICS), min_size=1), st.integers(1, 60)),
    max_size=5,
).map(fleet)
REACHES: st.SearchStrategy[Reach] = st.sampled_from([five, by_period])
LONG: st.SearchStrategy[Reach] = st.integers(1, 3 * 1440).map(constantly)


def fewest(asked: Sequence[Query]) -> int:
    """The calls that so many queries take at least."""
    return -(-len(asked) // MAX_QUERIES)


@given(QUERIES, st.one_of(REACHES, LONG))
def test_every_query_is_asked_exactly_once(asked: list[Query], reach: Reach) -> None:
    """No query is lost and none is paid for twice."""
    assert Counter(query for call in pack_calls(asked, reach) for query in call) == Counter(asked)


@given(QUERIES, REACHES)
def test_the_steady_state_takes_the_fewest_calls(asked: list[Query], reach: Reach) -> None:
    """Whatever is asked, in groups of one to five, of reaches that differ: exactly ceil(queries / 500) calls."""
    assert len(pack_calls(asked, reach)) == fewest(asked)


@given(QUERIES, LONG)
def test_no_call_is_more_than_cloudwatch_takes(asked: list[Query], reach: Reach) -> None:
    """A call has at most 500 queries, and at most 100,800 datapoints unless a single metric has more."""
    for call in pack_calls(asked, reach):
        assert 1 <= len(call) <= MAX_QUERIES
        window = aligned_window(call, Window(start=NOON - reach(call[0]), end=NOON))
        total = sum(period_count(query.spec.period, window.length) for query in call)
        assert total <= MAX_DATAPOINTS or len({query.billed_metric for query in call}) == 1


@given(QUERIES, REACHES)
def test_statistics_of_a_metric_stand_together(asked: list[Query], reach: Reach) -> None:
    """A metric's statistics are adjacent, five at most; they are parted once for a call at most, never for nothing."""
    calls = pack_calls(asked, reach)
    runs = Counter(metric for call in calls for metric, _ in groupby(call, key=lambda query: query.billed_metric))
    sizes = Counter(query.billed_metric for query in asked)
    parted = sum(
        runs[metric] - -(-size // STATISTICS_PER_BILLED_METRIC) for metric, size in sizes.items() if runs[metric] > 1
    )
    assert parted <= max(0, len(calls) - 1)


def test_nothing_is_parted_where_the_places_may_stay_empty() -> None:
    """Triples leave two places of each call; while the last call has room for what they push out, they stay whole."""
    asked = fleet([(1, {"Sum", "p95", "p99"}, 450)])
    calls = pack_calls(asked, five)
    assert [len(call) for call in calls] == [498, 498, 354]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 450


def test_a_metric_is_parted_where_a_call_more_was_needed_otherwise() -> None:
    """500 triples are three calls of 500, at the price of two metrics that are billed twice."""
    calls = pack_calls(fleet([(1, {"Sum", "p95", "p99"}, 500)]), five)
    assert [len(call) for call in calls] == [500, 500, 500]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 502


def test_single_statistics_fill_what_triples_leave() -> None:
    """166 metrics of three statistics leave two places in a call, which metrics of one take."""
    calls = pack_calls([*fleet([(1, {"Sum"}, 4)]), *fleet([(1, set(), 0), (1, {"Sum", "p95", "p99"}, 332)])], five)
    assert [len(call) for call in calls] == [500, 500]
    assert sum(metrics for call in calls for _, metrics in count_billable(call).values()) == 336


@given(QUERIES, REACHES, st.randoms(use_true_random=False))
def test_the_order_of_queries_does_not_matter(asked: list[Query], reach: Reach, random: Random) -> None:
    """The same queries make the same calls, so that their ids and bodies stay what they are."""
    calls = pack_calls(asked, reach)
    random.shuffle(asked)
    assert pack_calls(asked, reach) == calls


def test_what_reaches_far_back_is_together() -> None:
    """Few calls have long windows: the ones that reach further are not spread over all of them."""
    asked = fleet([(1, {"Sum"}, 900), (15, {"Sum"}, 100)])
    far = [sum(query.spec.period > timedelta(minutes=1) for query in call) for call in pack_calls(asked, by_period)]
    assert far == [100, 0]


@pytest.mark.parametrize("count", [1, 40, 111, 500])
def test_our_collectors_fill_every_call(count: int) -> None:
    """What functions, tables and APIs are measured by, in all tiers together, takes the fewest calls."""
    components = (
        *(Function(name=f"f{number}") for number in range(count)),
        *(Table(name=f"t{number}") for number in range(count // 2)),
        *(Api(name=f"a{number}", stage="prod") for number in range(count // 4)),
    )
    targets, _ = declared_targets(COLLECTORS, components, lambda _: Location(account_id=ACCOUNT, region=REGION))
    asked = list(queries(*dict.fromkeys(targets)))
    assert len(pack_calls(asked, lambda query: timedelta(minutes=5) + query.spec.allowed_lateness)) == fewest(asked)


def test_accounts_share_a_call() -> None:
    """A metric of one account is not that of another; both are asked for together, where one source answers."""
    (call,) = pack_calls(queries(target("f", [spec()]), target("f", [spec()], account="2")), five)
    assert count_billable(call) == {"lambda": (2, 2)}


def test_periods_of_different_length_share_a_window() -> None:
    """One call asks for minutes and quarters of an hour, from a start that is a multiple of both."""
    asked = queries(target("f", [spec(), spec(minutes=15)]))
    window = aligned_window(asked, Window(start=NOON - timedelta(minutes=20), end=NOON))
    assert window == Window(start=NOON - timedelta(minutes=30), end=NOON)


@given(
    st.datetimes(datetime(2024, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # a bound
    st.integers(60, 10**5),
    st.integers(60, 10**5),
    st.sampled_from([SETTLE_DELAY, REREAD_SETTLE_DELAY]),
)
def test_windows_that_meet_go_on_meeting(start: datetime, first: int, second: int, settle: timedelta) -> None:
    """Two windows that follow each other still do when settled, on whole minutes, for every period; none is open."""
    middle, end = start + timedelta(seconds=first), start + timedelta(seconds=first + second)
    one, two = (settled_window(Window(start=a, end=b), settle) for a, b in ((start, middle), (middle, end)))
    assert one.end == two.start
    assert (one.start.second, one.start.microsecond) == (0, 0)
    assert one.end <= middle - settle
    fives = spec(minutes=5)
    assert covered_window(fives, one).end == covered_window(fives, two).start


def test_a_call_knows_what_it_asks() -> None:
    """Datapoints by the length of the window, metrics by what is billed as one, for each collector."""
    asked = queries(
        target("f", [spec("D", statistic) for statistic in STATISTICS[:5]]),
        target("t", [spec("R", minutes=5)], collector="dynamodb"),
    )
    call = Call(asked, Window(start=NOON - timedelta(minutes=12), end=NOON))
    assert call.datapoints == 5 * 12 + 3
    assert call.billable_counts == {"lambda": (5, 1), "dynamodb": (1, 1)}


def test_nothing_to_ask_makes_no_call() -> None:
    """An empty platform costs nothing."""
    assert pack_calls([], five) == ()
