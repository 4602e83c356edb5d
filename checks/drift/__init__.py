"""Checks that what is declared, what is deployed and what is said in public are the same."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.drift import claims, inventory

CHECKS: tuple[AnyCheck, ...] = (inventory.every_resource_is_declared, claims.every_claim_is_supported)
