"""When each tier is due, and what each of them asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier
from collectors.cloudwatch.cost import Usage
from collectors.cloudwatch.planner import STATISTICS_PER_BILLED_METRIC, floor_time


def due_tiers(
    at: datetime, intervals: Mapping[RefreshTier, timedelta], last_refreshed: Mapping[RefreshTier, datetime]
) -> frozenset[RefreshTier]:
    """The tiers to ask for at `at`: those never asked for, those whose next multiple has come, and FAST always.

    Multiples are on the wall clock, so that tiers meet, and share one plan when they do.
    """
    return frozenset(
        tier
        for tier, interval in intervals.items()
        if tier is RefreshTier.FAST
        or tier not in last_refreshed
        or floor_time(last_refreshed[tier], interval) < floor_time(at, interval)
    )


def usage_by_tier(targets: Iterable[MetricTarget]) -> Mapping[RefreshTier, Usage]:
    """What one refresh of each tier asks of CloudWatch."""
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
