"""Would anybody notice? Alarms that watch, and what they say."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.logging import alarms

CHECKS: tuple[AnyCheck, ...] = (alarms.alarms_are_quiet,)
