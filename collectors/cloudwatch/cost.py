"""What is asked of CloudWatch and what it costs, and how a budget is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collectors.cloudwatch.planner import Query, points, tally

# https://aws.amazon.com/cloudwatch/pricing/: $0.01 per 1,000 metrics requested by GetMetricData, however many calls
# ask for them, and $0.01 per 1,000 requests of other APIs.
DOLLARS_PER_METRIC = 1e-5
DOLLARS_PER_REQUEST = 1e-5
MONTH = timedelta(days=30)


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
    def dollars_at_most(self) -> float:
        """The dearer reading of the price: every query is a metric."""
        return self.queries * DOLLARS_PER_METRIC + self.listings * DOLLARS_PER_REQUEST


def usage(calls: Iterable[Sequence[Query]], length: timedelta) -> Usage:
    """What these calls ask for over windows of that length."""
    total = Usage()
    for call in calls:
        total += Usage(
            calls=1,
            queries=len(call),
            metrics=sum(metrics for _, metrics in tally(call).values()),
            datapoints=sum(points(query.spec, length) for query in call),
        )
    return total
