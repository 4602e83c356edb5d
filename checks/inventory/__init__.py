"""Is what is declared really there? Silence about a thing that does not exist looks just like a quiet day."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.inventory import api_gateway, lambda_functions

CHECKS: tuple[AnyCheck, ...] = (lambda_functions.function_is_active, api_gateway.stage_is_deployed)
