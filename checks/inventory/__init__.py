"""Checks that a declared component exists; metrics alone cannot tell an absent component from an idle one."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.inventory import api_gateway, lambda_functions, rds_proxy

CHECKS: tuple[AnyCheck, ...] = (
    lambda_functions.function_is_active,
    api_gateway.stage_is_deployed,
    rds_proxy.proxy_is_available,
)
