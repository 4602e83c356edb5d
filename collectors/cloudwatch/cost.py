"""What is asked of CloudWatch and what it costs, and how a budget is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import RefreshTier
from collectors.cloudwatch.planner import Query, count_billable, period_count

# https://aws.amazon.com/cloudwatch/pricing/: $0.01 per 1,000 metrics requested by GetMetricData, however many calls
# ask for them, and $0.01 per 1,000 requests of other APIs.
DOLLARS_PER_METRIC = 1e-5
DOLLARS_PER_REQUEST = 1e-5
MONTH = timedelta(days=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What something asks of CloudWatch: once, or within a month.

    `metrics` counts up to five statistics of one metric as one; `listings` are requests that list metrics.
    """

    calls: float = 0
    queries: float = 0
    metrics: float = 0
    datapoints: float = 0
    listings: float = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            calls=self.calls + other.calls,
            queries=self.queries + other.queries,
            metrics=self.metrics + other.metrics,
            datapoints=self.datapoints + other.datapoints,
            listings=self.listings + other.listings,
        )

    def monthly(self, every: timedelta) -> Usage:
        """What a month takes, when this is asked that often."""
        times = MONTH / every
        return Usage(
            calls=self.calls * times,
            queries=self.queries * times,
            metrics=self.metrics * times,
            datapoints=self.datapoints * times,
            listings=self.listings * times,
        )

    @property
    def dollars(self) -> float:
        """The price as AWS writes it: up to five statistics of a metric are one."""
        return self.metrics * DOLLARS_PER_METRIC + self.listings * DOLLARS_PER_REQUEST

    @property
    def dollars_upper(self) -> float:
        """The dearer reading of the price: every query is a metric."""
        return self.queries * DOLLARS_PER_METRIC + self.listings * DOLLARS_PER_REQUEST


def usage_of(calls: Iterable[Sequence[Query]], length: timedelta) -> Usage:
    """What these calls ask for over windows of that length."""
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
    """How often each tier is asked under a budget, and what a month then costs at the dearer reading.

    `budget_ratio` is its share of the budget, None without one; above 1 nothing was left that may be asked less often.
    """

    tier_intervals: Mapping[RefreshTier, timedelta]
    dollars_upper: float
    budget_ratio: float | None

    @property
    def within_budget(self) -> bool:
        """Whether the budget, if there is one, is enough."""
        return self.budget_ratio is None or self.budget_ratio <= 1


def fit_budget(
    tier_intervals: Mapping[RefreshTier, timedelta],
    usage_by_tier: Mapping[RefreshTier, Usage],
    budget: float | None,
    *,
    fixed_dollars: float = 0.0,
) -> BudgetedIntervals:
    """The intervals that keep the dearer reading of a month within `budget` dollars, each a multiple of its own.

    `usage_by_tier` is what one refresh of a tier asks, `fixed_dollars` what a month costs besides. The slow tier is
    asked less often first, down to once a day; then the standard one, but no less often than the slow one was meant to
    be. The fast tier stays as it is: what pages people rests on it.
    """
    times = dict.fromkeys(tier_intervals, 1)

    def month() -> float:
        return fixed_dollars + sum(
            usage_by_tier.get(tier, Usage()).monthly(span * times[tier]).dollars_upper
            for tier, span in tier_intervals.items()
        )

    if budget is None:
        return BudgetedIntervals(tier_intervals=tier_intervals, dollars_upper=month(), budget_ratio=None)
    for tier, longest in ((RefreshTier.SLOW, _DAY), (RefreshTier.STANDARD, tier_intervals.get(RefreshTier.SLOW, _DAY))):
        # A tier that asks nothing would only be slower for nothing.
        if tier in tier_intervals and usage_by_tier.get(tier, Usage()).dollars_upper:
            while month() > budget and tier_intervals[tier] * (times[tier] + 1) <= longest:
                times[tier] += 1
    spent = month()
    return BudgetedIntervals(
        tier_intervals={tier: span * times[tier] for tier, span in tier_intervals.items()},
        dollars_upper=spent,
        budget_ratio=spent / budget,
    )
