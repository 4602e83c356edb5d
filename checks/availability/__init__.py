"""Checks that a cluster has the zones and the capacity that it promises."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.availability import capacity, zones

CHECKS: tuple[AnyCheck, ...] = (zones.instances_in_several_zones, capacity.capacity_is_as_promised)
