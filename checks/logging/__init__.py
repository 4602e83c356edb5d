"""Checks of the platform's own alarms."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.logging import alarms

CHECKS: tuple[AnyCheck, ...] = (alarms.alarms_are_quiet,)
