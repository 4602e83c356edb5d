"""Is what is declared really there? Silence about a thing that does not exist looks just like a quiet day."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.inventory import apis, functions

CHECKS: tuple[AnyCheck, ...] = (functions.function_is_active, apis.stage_is_deployed)
