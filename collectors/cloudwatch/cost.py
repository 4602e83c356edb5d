"""Usage and cost of CloudWatch requests, and the refresh intervals that keep a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier
from collectors.cloudwatch.planner import STATISTICS_PER_BILLED_METRIC, Query, count_billable, period_count

# https://aws.amazon.com/cloudwatch/pricing/: $0.01 per 1,000 metrics requested by GetMetricData, however many calls
# ask for them, and $0.01 per 1,000 requests of other APIs.
DOLLARS_PER_METRIC = 1e-5
DOLLARS_PER_REQUEST = 1e-5
MONTH = timedelta(days=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Usage of CloudWatch: once, or in a month.

    `metrics` counts up to five statistics of one metric as one; `listings` counts ListMetrics requests.
    """

    calls: float = 0
    queries: float = 0
    metrics: float = 0
    datapoints: float = 0
    listings: float = 0

    def __add__(self, other: Usage) -> Usage:
        """The sum of both."""
        return Usage(
            calls=self.calls + other.calls,
            queries=self.queries + other.queries,
            metrics=self.metrics + other.metrics,
            datapoints=self.datapoints + other.datapoints,
            listings=self.listings + other.listings,
        )

    def monthly(self, every: timedelta) -> Usage:
        """The usage of a month at that interval."""
        multiples = MONTH / every
        return Usage(
            calls=self.calls * multiples,
            queries=self.queries * multiples,
            metrics=self.metrics * multiples,
            datapoints=self.datapoints * multiples,
            listings=self.listings * multiples,
        )

    @property
    def dollars(self) -> float:
        """The lower cost estimate, as AWS documents the price: up to five statistics of a metric are billed as one."""
        return self.metrics * DOLLARS_PER_METRIC + self.listings * DOLLARS_PER_REQUEST

    @property
    def dollars_upper(self) -> float:
        """The upper cost estimate: every query is billed as one metric."""
        return self.queries * DOLLARS_PER_METRIC + self.listings * DOLLARS_PER_REQUEST


def usage_of(calls: Iterable[Sequence[Query]], length: timedelta) -> Usage:
    """The usage of these calls over windows of that length."""
    total = Usage()
    for call in calls:
        total += Usage(
            calls=1,
            queries=len(call),
            metrics=sum(metrics for _, metrics in count_billable(call).values()),
            datapoints=sum(period_count(query.spec.period, length) for query in call),
        )
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetedIntervals:
    """The interval of each tier under a budget, and the upper cost estimate of a month at these intervals.

    `budget_ratio` is the estimate divided by the budget; None without a budget. Above 1, no interval can be lengthened
    further.
    """

    tier_intervals: Mapping[RefreshTier, timedelta]
    dollars_upper: float
    budget_ratio: float | None

    @property
    def within_budget(self) -> bool:
        """Whether the estimate is within the budget; true without a budget."""
        return self.budget_ratio is None or self.budget_ratio <= 1


def fit_budget(
    tier_intervals: Mapping[RefreshTier, timedelta],
    usage_by_tier: Mapping[RefreshTier, Usage],
    budget: float | None,
    *,
    fixed_dollars: float = 0.0,
) -> BudgetedIntervals:
    """The intervals that keep the upper cost estimate of a month within `budget` dollars.

    Each interval is a multiple of the configured one. `usage_by_tier` is the usage of one refresh of each tier;
    `fixed_dollars` are further costs of a month. The slow tier is lengthened first, up to one day; then the standard
    tier, up to the configured interval of the slow tier. The fast tier is never lengthened, because paging alerts
    depend on it.
    """
    multiples = dict.fromkeys(tier_intervals, 1)

    def month() -> float:
        return fixed_dollars + sum(
            usage_by_tier.get(tier, Usage()).monthly(interval * multiples[tier]).dollars_upper
            for tier, interval in tier_intervals.items()
        )

    if budget is None:
        return BudgetedIntervals(tier_intervals=tier_intervals, dollars_upper=month(), budget_ratio=None)
    for tier, longest in ((RefreshTier.SLOW, _DAY), (RefreshTier.STANDARD, tier_intervals.get(RefreshTier.SLOW, _DAY))):
        # Lengthening a tier without queries saves nothing.
        if tier in tier_intervals and usage_by_tier.get(tier, Usage()).dollars_upper:
            while month() > budget and tier_intervals[tier] * (multiples[tier] + 1) <= longest:
                multiples[tier] += 1
    spent = month()
    return BudgetedIntervals(
        tier_intervals={tier: interval * multiples[tier] for tier, interval in tier_intervals.items()},
        dollars_upper=spent,
        budget_ratio=spent / budget,
    )


def usage_by_tier(targets: Iterable[MetricTarget]) -> Mapping[RefreshTier, Usage]:
    """The usage of one refresh of each tier."""
    # Thousands of targets share a few tuples of specs.
    shared: dict[int, tuple[tuple[MetricSpec, ...], int]] = {}
    for target in targets:
        specs, count = shared.get(id(target.specs), (target.specs, 0))
        shared[id(specs)] = specs, count + 1
    usages = dict.fromkeys(RefreshTier, Usage())
    for specs, count in shared.values():
        for tier in RefreshTier:
            metrics = Counter((spec.namespace, spec.metric, spec.period) for spec in specs if spec.tier is tier)
            billed = sum(-(-statistics // STATISTICS_PER_BILLED_METRIC) for statistics in metrics.values())
            usages[tier] += Usage(queries=metrics.total() * count, metrics=billed * count)
    return usages
