"""Both cost estimates are correct, and a budget is kept where possible, but never through the fast tier."""

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


def times(got: BudgetedIntervals, intervals: dict[RefreshTier, timedelta]) -> dict[RefreshTier, float]:
    """By how many times each interval was lengthened."""
    return {tier: got.tier_intervals[tier] / span for tier, span in intervals.items()}


def month(got: BudgetedIntervals, usages: dict[RefreshTier, Usage], fixed: float) -> float:
    """The cost of a month at these intervals, computed independently: $0.01 for a thousand queries."""
    return fixed + sum(
        usages[tier].queries * (timedelta(days=30) / span) / 100_000 for tier, span in got.tier_intervals.items()
    )


@given(INTERVALS, ASKED, BUDGETS, st.floats(0, 100))
def test_a_budget_is_kept_or_reported_as_exceeded(
    intervals: dict[RefreshTier, timedelta], usages: dict[RefreshTier, Usage], budget: float, fixed: float
) -> None:
    """The month is within the budget, or every interval is at its longest and `within_budget` is false."""
    got = fit_budget(intervals, usages, budget, fixed_dollars=fixed)
    assert got.dollars_upper == pytest.approx(month(got, usages, fixed))
    assert got.within_budget is (got.dollars_upper <= budget)
    if not got.within_budget:
        for tier, longest in ((RefreshTier.SLOW, DAY), (RefreshTier.STANDARD, intervals[RefreshTier.SLOW])):
            assert not usages[tier].queries or got.tier_intervals[tier] + intervals[tier] > longest


@given(INTERVALS, ASKED, BUDGETS)
def test_the_slow_tier_is_lengthened_first_and_the_fast_one_never(
    intervals: dict[RefreshTier, timedelta], usages: dict[RefreshTier, Usage], budget: float
) -> None:
    """FAST is never lengthened, STANDARD only when SLOW, if it has queries, is at its longest; in whole multiples."""
    got = fit_budget(intervals, usages, budget)
    slower = times(got, intervals)
    assert all(factor == int(factor) >= 1 for factor in slower.values())
    assert slower[RefreshTier.FAST] == 1
    if slower[RefreshTier.STANDARD] > 1 and usages[RefreshTier.SLOW].queries:
        assert got.tier_intervals[RefreshTier.SLOW] + intervals[RefreshTier.SLOW] > DAY
    assert got.tier_intervals[RefreshTier.STANDARD] <= max(intervals[RefreshTier.SLOW], intervals[RefreshTier.STANDARD])


@given(INTERVALS, ASKED, BUDGETS, BUDGETS)
def test_a_smaller_budget_never_shortens_an_interval(
    intervals: dict[RefreshTier, timedelta], usages: dict[RefreshTier, Usage], one: float, other: float
) -> None:
    """A smaller budget never shortens an interval."""
    rich, poor = (fit_budget(intervals, usages, budget).tier_intervals for budget in (max(one, other), min(one, other)))
    assert all(rich[tier] <= poor[tier] for tier in RefreshTier)


@given(INTERVALS, ASKED, BUDGETS)
def test_intervals_are_lengthened_only_as_far_as_needed(
    intervals: dict[RefreshTier, timedelta], usages: dict[RefreshTier, Usage], budget: float
) -> None:
    """Shortening the last lengthened interval by one step would exceed the budget."""
    got = fit_budget(intervals, usages, budget)
    last = next(
        (tier for tier in (RefreshTier.STANDARD, RefreshTier.SLOW) if got.tier_intervals[tier] > intervals[tier]), None
    )
    if last is not None:
        faster = BudgetedIntervals(
            tier_intervals={**got.tier_intervals, last: got.tier_intervals[last] - intervals[last]},
            dollars_upper=0.0,
            budget_ratio=None,
        )
        assert month(faster, usages, 0.0) > budget * (1 - 1e-9)


def test_without_a_budget_everything_is_as_configured() -> None:
    """Without a budget the intervals are as configured, and the month is still estimated."""
    got = fit_budget(EVERY, {RefreshTier.FAST: Usage(queries=100)}, None)
    assert (got.tier_intervals, got.budget_ratio, got.within_budget) == (EVERY, None, True)
    assert got.dollars_upper == pytest.approx(43.2)


def test_both_cost_estimates() -> None:
    """Five statistics of a metric are one in the lower estimate and five in the upper; a sixth is one more in both."""
    statistics = ("Sum", "SampleCount", "Maximum", "p95", "p99", "p50")
    call = queries(target("f", [spec("Duration", statistic) for statistic in statistics]))
    once = usage_of([call], 15 * MINUTE)
    assert once == Usage(calls=1, queries=6, metrics=2, datapoints=90)
    every_minute = once.monthly(MINUTE)
    assert every_minute.dollars == pytest.approx(2 * 43_200 / 100_000)
    assert every_minute.dollars_upper == pytest.approx(6 * 43_200 / 100_000)


def test_the_reference_fleet_costs_what_aws_says() -> None:
    """1,000 functions with 5 metrics and 9 queries, every minute: $2,160 to $3,888 a month, in 18 calls."""
    one = Usage(calls=18, queries=9_000, metrics=5_000).monthly(MINUTE)
    assert (round(one.dollars), round(one.dollars_upper), one.calls) == (2160, 3888, 18 * 43_200)


def test_list_metrics_requests_are_billed() -> None:
    """Each ListMetrics request costs as much as a metric, in both estimates."""
    listing = Usage(listings=21).monthly(MINUTE)
    assert listing.dollars == listing.dollars_upper == pytest.approx(9.07, abs=0.01)
