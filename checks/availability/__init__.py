"""Checks that clusters and functions are as promised: zones, capacity, versions and settings."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.availability import capacity, engine_support, zones

CHECKS: tuple[AnyCheck, ...] = (
    zones.instances_in_several_zones,
    capacity.capacity_is_as_promised,
    engine_support.engine_is_supported,
)
