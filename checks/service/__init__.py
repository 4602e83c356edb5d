"""The service checks: what the platform promises of speed, errors and room, judged by what CloudWatch measured."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.service import apis, functions, proxies, tables

CHECKS: tuple[AnyCheck, ...] = (
    functions.errors_below,
    functions.latency_below,
    apis.latency_below,
    apis.server_errors_below,
    tables.throttled_below,
    proxies.pool_use_below,
)
