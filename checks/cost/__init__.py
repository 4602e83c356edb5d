"""Checks of what the platform costs."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.cost.budget import cost_is_watched

CHECKS: tuple[AnyCheck, ...] = (cost_is_watched,)
