"""What stays known of discovered resources, which of them are in use, and which are too many: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from basewatch.collector import DescribedResource, DiscoverySpec, MetricSpec
from collectors.cloudwatch.discovery.list_metrics import Dimensions

K = TypeVar("K")

FORGET_AFTER = timedelta(days=14)
"""How long a silent resource stays known that only CloudWatch knew of: as long as CloudWatch lists its metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResource:
    """A discovered resource; `active_at` is when it was last seen to be in use, or first seen at all."""

    described: DescribedResource
    active: bool
    active_at: datetime


def dimensions_of(described: DescribedResource) -> Dimensions:
    """What tells resources of one sort apart."""
    return frozenset(described.dimensions.items())


def updated_resources(
    before: Mapping[Dimensions, KnownResource],
    found: Iterable[DescribedResource] | None,
    active: Collection[Dimensions] | None,
    at: datetime,
    *,
    lists_active_only: bool,
) -> dict[Dimensions, KnownResource]:
    """What is known after a look at `at` that `found` these, and knows these to be `active`.

    None is what could not be found out: then what was known stays, and what is new counts as active. What is not found
    is gone; where `found` holds only what is active (`lists_active_only`), it stays known until it was silent for
    FORGOTTEN.
    """
    now = {key: known.described for key, known in before.items()}
    if found is not None:
        listed = {dimensions_of(described): described for described in found}
        kept = {
            key: now[key] for key, known in before.items() if lists_active_only and at - known.active_at < FORGET_AFTER
        }
        now = kept | listed
    return {key: _known(key, described, before.get(key), active, at) for key, described in now.items()}


def _known(
    key: Dimensions,
    described: DescribedResource,
    before: KnownResource | None,
    active: Collection[Dimensions] | None,
    at: datetime,
) -> KnownResource:
    usual = before.active if before else True
    is_active = usual if active is None else key in active
    since = before.active_at if before else at
    return KnownResource(described=described, active=is_active, active_at=at if is_active else since)


def activity_specs(discovery: DiscoverySpec, specs: tuple[MetricSpec, ...]) -> tuple[MetricSpec, ...]:
    """What is asked of a resource that is not in use; a collector may have nothing of the kind."""
    return tuple(spec for spec in specs if spec.metric == discovery.activity_metric)


def within_limit(candidates: Mapping[K, bool], at_most: int, before: Collection[K]) -> tuple[K, ...]:
    """The `at_most` candidates, with whether they are active, that are asked about; the order is the caller's.

    Active ones come first, and among those the ones asked about `before`: nothing comes and goes without a reason.
    """
    ranked = sorted(candidates, key=lambda key: (not candidates[key], key not in before))
    kept = set(ranked[:at_most])
    return tuple(key for key in candidates if key in kept)
