"""The service checks: what the platform promises of speed, errors and room, judged by what CloudWatch measured."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.service import apis, caches, clusters, functions, logins, objectives, proxies, queues, rules, tables, vaults

CHECKS: tuple[AnyCheck, ...] = (
    functions.errors_below,
    functions.throttled_below,
    functions.latency_below,
    apis.latency_below,
    apis.server_errors_below,
    apis.client_errors_below,
    tables.throttled_below,
    caches.hits_above,
    queues.oldest_below,
    rules.triggers_every,
    vaults.jobs_succeed,
    proxies.pool_use_below,
    clusters.cpu_below,
    clusters.load_below,
    clusters.connections_below,
    clusters.read_latency_below,
    clusters.write_latency_below,
    clusters.replica_lag_below,
    logins.failed_logins_below,
    objectives.budget_lasts,
)
