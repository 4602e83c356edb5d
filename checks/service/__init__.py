"""Checks of the promised latencies, error ratios, rates and utilizations, by the metrics of the window."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.service import (
    api_gateway,
    aurora,
    backup,
    dax,
    dynamodb,
    eventbridge,
    lambda_functions,
    logins,
    rds_proxy,
    slo,
    sqs,
)

CHECKS: tuple[AnyCheck, ...] = (
    lambda_functions.errors_below,
    lambda_functions.throttled_below,
    lambda_functions.latency_below,
    api_gateway.latency_below,
    api_gateway.server_errors_below,
    api_gateway.client_errors_below,
    dynamodb.throttled_below,
    dax.hits_above,
    sqs.oldest_below,
    eventbridge.triggers_every,
    backup.jobs_succeed,
    rds_proxy.pool_use_below,
    rds_proxy.borrow_latency_below,
    aurora.cpu_below,
    aurora.acu_use_below,
    aurora.load_below,
    aurora.connections_below,
    aurora.read_latency_below,
    aurora.write_latency_below,
    aurora.replica_lag_below,
    logins.failed_logins_below,
    slo.budget_lasts,
)
