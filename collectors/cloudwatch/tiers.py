"""When each tier is due, and what each of them asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec, Target, Tier
from collectors.cloudwatch.cost import Usage
from collectors.cloudwatch.planner import MAX_STATISTICS, floor


def due(at: datetime, intervals: Mapping[Tier, timedelta], last: Mapping[Tier, datetime]) -> frozenset[Tier]:
    """The tiers to ask for at `at`: those never asked for, those whose next multiple has come, and FAST always.

    Multiples are on the wall clock, so that tiers meet, and share one plan when they do.
    """
    return frozenset(
        tier
        for tier, interval in intervals.items()
        if tier is Tier.FAST or tier not in last or floor(last[tier], interval) < floor(at, interval)
    )


def asked(targets: Iterable[Target]) -> Mapping[Tier, Usage]:
    """What one refresh of each tier asks of CloudWatch."""
    # Thousands of targets share a few tuples of specs.
    shared: dict[int, tuple[tuple[MetricSpec, ...], int]] = {}
    for target in targets:
        specs, count = shared.get(id(target.specs), (target.specs, 0))
        shared[id(specs)] = specs, count + 1
    usages = dict.fromkeys(Tier, Usage())
    for specs, count in shared.values():
        for tier in Tier:
            metrics = Counter((spec.namespace, spec.metric, spec.period) for spec in specs if spec.tier is tier)
            billed = sum(-(-statistics // MAX_STATISTICS) for statistics in metrics.values())
            usages[tier] += Usage(queries=metrics.total() * count, metrics=billed * count)
    return usages
