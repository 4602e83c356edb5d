"""The metrics that checks need from further back than the window, at longer periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from basewatch.collector import MetricSpec, MetricTarget
from checks.service.past import PastNeed


def past_targets(
    targets: Iterable[MetricTarget], needs: Iterable[PastNeed]
) -> dict[timedelta, tuple[MetricTarget, ...]]:
    """What to request, by how far before the window it begins."""
    asked, by_length = tuple(targets), defaultdict[timedelta, list[MetricTarget]](list)
    for need in needs:
        for target in asked:
            specs = tuple(replace(spec, period=need.period) for spec in target.specs if _needed(spec, need))
            if target.resource.component == need.component and specs:
                by_length[need.length].append(replace(target, specs=specs))
    return {length: tuple(dict.fromkeys(found)) for length, found in by_length.items()}


def _needed(spec: MetricSpec, need: PastNeed) -> bool:
    return spec.series_name in need.families and dict(spec.labels).get("quantile", "") == need.quantile
