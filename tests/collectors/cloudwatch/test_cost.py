"""Proves what queries cost in both readings, and that a budget is kept where it can be, and never by the fast tier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import Tier
from collectors.cloudwatch.cost import Stretched, Usage, stretched, usage
from tests.collectors.cloudwatch.examples import queries, spec, target

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY = {Tier.FAST: MINUTE, Tier.STANDARD: 5 * MINUTE, Tier.SLOW: HOUR}
INTERVALS = st.tuples(st.integers(1, 10), st.integers(1, 10), st.integers(1, 10)).map(
    lambda steps: {
        Tier.FAST: steps[0] * MINUTE,
        Tier.STANDARD: steps[0] * steps[1] * MINUTE,
        Tier.SLOW: steps[0] * steps[1] * steps[2] * MINUTE,
    }
)
ASKED = st.fixed_dictionaries({tier: st.integers(0, 10_000).map(lambda count: Usage(queries=count)) for tier in Tier})
BUDGETS = st.floats(0.01, 10_000)


def times(got: Stretched, every: dict[Tier, timedelta]) -> dict[Tier, float]:
    """How many times longer each interval became."""
    return {tier: got.every[tier] / span for tier, span in every.items()}


def month(got: Stretched, asked: dict[Tier, Usage], fixed: float) -> float:
    """What a month costs at these intervals, worked out anew: $0.01 for a thousand queries."""
    return fixed + sum(asked[tier].queries * (timedelta(days=30) / span) / 100_000 for tier, span in got.every.items())


@given(INTERVALS, ASKED, BUDGETS, st.floats(0, 100))
def test_a_budget_is_kept_or_said_to_be_too_small(
    every: dict[Tier, timedelta], asked: dict[Tier, Usage], budget: float, fixed: float
) -> None:
    """The month is within the budget unless everything that may be slower is as slow as it may be, and that is said."""
    got = stretched(every, asked, budget, fixed=fixed)
    assert got.dollars_at_most == pytest.approx(month(got, asked, fixed))
    assert got.kept is (got.dollars_at_most <= budget)
    if not got.kept:
        for tier, longest in ((Tier.SLOW, DAY), (Tier.STANDARD, every[Tier.SLOW])):
            assert not asked[tier].queries or got.every[tier] + every[tier] > longest


@given(INTERVALS, ASKED, BUDGETS)
def test_the_slow_tier_gives_way_first_and_the_fast_one_never(
    every: dict[Tier, timedelta], asked: dict[Tier, Usage], budget: float
) -> None:
    """Whole multiples: fast stays; standard is slower only when slow, if it asks anything, cannot be slower still."""
    got = stretched(every, asked, budget)
    slower = times(got, every)
    assert all(factor == int(factor) >= 1 for factor in slower.values())
    assert slower[Tier.FAST] == 1
    if slower[Tier.STANDARD] > 1 and asked[Tier.SLOW].queries:
        assert got.every[Tier.SLOW] + every[Tier.SLOW] > DAY
    assert got.every[Tier.STANDARD] <= max(every[Tier.SLOW], every[Tier.STANDARD])


@given(INTERVALS, ASKED, BUDGETS, BUDGETS)
def test_less_money_never_makes_anything_faster(
    every: dict[Tier, timedelta], asked: dict[Tier, Usage], one: float, other: float
) -> None:
    """Every interval grows or stays as the budget shrinks."""
    rich, poor = (stretched(every, asked, budget).every for budget in (max(one, other), min(one, other)))
    assert all(rich[tier] <= poor[tier] for tier in Tier)


@given(INTERVALS, ASKED, BUDGETS)
def test_nothing_is_slower_than_it_has_to_be(
    every: dict[Tier, timedelta], asked: dict[Tier, Usage], budget: float
) -> None:
    """One step back in what was slowed down last would be above the budget."""
    got = stretched(every, asked, budget)
    last = next((tier for tier in (Tier.STANDARD, Tier.SLOW) if got.every[tier] > every[tier]), None)
    if last is not None:
        faster = Stretched(every={**got.every, last: got.every[last] - every[last]}, dollars_at_most=0.0, used=None)
        assert month(faster, asked, 0.0) > budget * (1 - 1e-9)


def test_without_a_budget_everything_is_as_configured() -> None:
    """Nobody set a limit, so there is none to be kept, and the month is forecast all the same."""
    got = stretched(EVERY, {Tier.FAST: Usage(queries=100)}, None)
    assert (got.every, got.used, got.kept) == (EVERY, None, True)
    assert got.dollars_at_most == pytest.approx(43.2)


def test_both_readings_of_the_price() -> None:
    """Five statistics of a metric are one in the first reading and five in the second; a sixth is one more."""
    statistics = ("Sum", "SampleCount", "Maximum", "p95", "p99", "p50")
    call = queries(target("f", [spec("Duration", statistic) for statistic in statistics]))
    once = usage([call], 15 * MINUTE)
    assert once == Usage(calls=1, queries=6, metrics=2, datapoints=90)
    every_minute = once.monthly(MINUTE)
    assert every_minute.dollars == pytest.approx(2 * 43_200 / 100_000)
    assert every_minute.dollars_at_most == pytest.approx(6 * 43_200 / 100_000)


def test_the_reference_fleet_costs_what_aws_says() -> None:
    """A thousand functions of 5 metrics and 9 queries, every minute: $2,160 to $3,888 a month, in 18 calls."""
    one = Usage(calls=18, queries=9_000, metrics=5_000).monthly(MINUTE)
    assert (round(one.dollars), round(one.dollars_at_most), one.calls) == (2160, 3888, 18 * 43_200)


def test_requests_that_list_metrics_are_paid_for() -> None:
    """Each costs as much as a metric, in both readings."""
    listing = Usage(listings=21).monthly(MINUTE)
    assert listing.dollars == listing.dollars_at_most == pytest.approx(9.07, abs=0.01)
