"""Proves what queries cost in both readings, and that a budget is kept where it can be, and never by the fast tier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import RefreshTier
from collectors.cloudwatch.cost import BudgetedIntervals, Usage, fit_budget, usage_of
from tests.collectors.cloudwatch.examples import queries, spec, target

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY = {RefreshTier.FAST: MINUTE, RefreshTier.STANDARD: 5 * MINUTE, RefreshTier.SLOW: HOUR}
INTERVALS = st.tuples(st.integers(1, 10), st.integers(1, 10), st.integers(1, 10)).map(
    lambda steps: {
        RefreshTier.FAST: steps[0] * MINUTE,
        RefreshTier.STANDARD: steps[0] * steps[1] * MINUTE,
        RefreshTier.SLOW: steps[0] * steps[1] * steps[2] * MINUTE,
    }
)
ASKED = st.fixed_dictionaries(
    {tier: st.integers(0, 10_000).map(lambda count: Usage(queries=count)) for tier in RefreshTier}
)
BUDGETS = st.floats(0.01, 10_000)


def times(got: BudgetedIntervals, every: dict[RefreshTier, timedelta]) -> dict[RefreshTier, float]:
    """How many times longer each interval became."""
    return {tier: got.tier_intervals[tier] / span for tier, span in every.items()}


def month(got: BudgetedIntervals, asked: dict[RefreshTier, Usage], fixed: float) -> float:
    """What a month costs at these intervals, worked out anew: $0.01 for a thousand queries."""
    return fixed + sum(
        asked[tier].queries * (timedelta(days=30) / span) / 100_000 for tier, span in got.tier_intervals.items()
    )


@given(INTERVALS, ASKED, BUDGETS, st.floats(0, 100))
def test_a_budget_is_kept_or_said_to_be_too_small(
    every: dict[RefreshTier, timedelta], asked: dict[RefreshTier, Usage], budget: float, fixed: float
) -> None:
    """The month is within the budget unless everything that may be slower is as slow as it may be, and that is said."""
    got = fit_budget(every, asked, budget, fixed_dollars=fixed)
    assert got.dollars_upper == pytest.approx(month(got, asked, fixed))
    assert got.within_budget is (got.dollars_upper <= budget)
    if not got.within_budget:
        for tier, longest in ((RefreshTier.SLOW, DAY), (RefreshTier.STANDARD, every[RefreshTier.SLOW])):
            assert not asked[tier].queries or got.tier_intervals[tier] + every[tier] > longest


@given(INTERVALS, ASKED, BUDGETS)
def test_the_slow_tier_gives_way_first_and_the_fast_one_never(
    every: dict[RefreshTier, timedelta], asked: dict[RefreshTier, Usage], budget: float
) -> None:
    """Whole multiples: fast stays; standard is slower only when slow, if it asks anything, cannot be slower still."""
    got = fit_budget(every, asked, budget)
    slower = times(got, every)
    assert all(factor == int(factor) >= 1 for factor in slower.values())
    assert slower[RefreshTier.FAST] == 1
    if slower[RefreshTier.STANDARD] > 1 and asked[RefreshTier.SLOW].queries:
        assert got.tier_intervals[RefreshTier.SLOW] + every[RefreshTier.SLOW] > DAY
    assert got.tier_intervals[RefreshTier.STANDARD] <= max(every[RefreshTier.SLOW], every[RefreshTier.STANDARD])


@given(INTERVALS, ASKED, BUDGETS, BUDGETS)
def test_less_money_never_makes_anything_faster(
    every: dict[RefreshTier, timedelta], asked: dict[RefreshTier, Usage], one: float, other: float
) -> None:
    """Every interval grows or stays as the budget shrinks."""
    rich, poor = (fit_budget(every, asked, budget).tier_intervals for budget in (max(one, other), min(one, other)))
    assert all(rich[tier] <= poor[tier] for tier in RefreshTier)


@given(INTERVALS, ASKED, BUDGETS)
def test_nothing_is_slower_than_it_has_to_be(
    every: dict[RefreshTier, timedelta], asked: dict[RefreshTier, Usage], budget: float
) -> None:
    """One step back in what was slowed down last would be above the budget."""
    got = fit_budget(every, asked, budget)
    last = next(
        (tier for tier in (RefreshTier.STANDARD, RefreshTier.SLOW) if got.tier_intervals[tier] > every[tier]), None
    )
    if last is not None:
        faster = BudgetedIntervals(
            tier_intervals={**got.tier_intervals, last: got.tier_intervals[last] - every[last]},
            dollars_upper=0.0,
            budget_ratio=None,
        )
        assert month(faster, asked, 0.0) > budget * (1 - 1e-9)


def test_without_a_budget_everything_is_as_configured() -> None:
    """Nobody set a limit, so there is none to be kept, and the month is forecast all the same."""
    got = fit_budget(EVERY, {RefreshTier.FAST: Usage(queries=100)}, None)
    assert (got.tier_intervals, got.budget_ratio, got.within_budget) == (EVERY, None, True)
    assert got.dollars_upper == pytest.approx(43.2)


def test_both_readings_of_the_price() -> None:
    """Five statistics of a metric are one in the first reading and five in the second; a sixth is one more."""
    statistics = ("Sum", "SampleCount", "Maximum", "p95", "p99", "p50")
    call = queries(target("f", [spec("Duration", statistic) for statistic in statistics]))
    once = usage_of([call], 15 * MINUTE)
    assert once == Usage(calls=1, queries=6, metrics=2, datapoints=90)
    every_minute = once.monthly(MINUTE)
    assert every_minute.dollars == pytest.approx(2 * 43_200 / 100_000)
    assert every_minute.dollars_upper == pytest.approx(6 * 43_200 / 100_000)


def test_the_reference_fleet_costs_what_aws_says() -> None:
    """A thousand functions of 5 metrics and 9 queries, every minute: $2,160 to $3,888 a month, in 18 calls."""
    one = Usage(calls=18, queries=9_000, metrics=5_000).monthly(MINUTE)
    assert (round(one.dollars), round(one.dollars_upper), one.calls) == (2160, 3888, 18 * 43_200)


def test_requests_that_list_metrics_are_paid_for() -> None:
    """Each costs as much as a metric, in both readings."""
    listing = Usage(listings=21).monthly(MINUTE)
    assert listing.dollars == listing.dollars_upper == pytest.approx(9.07, abs=0.01)
