"""Faults of the load: the platform breaks a promise, and CloudWatch shows it since half an hour ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from demo.faults.fault import ExpectedFinding, Fault
from demo.load import PREFIX

if TYPE_CHECKING:
    from demo.sandbox import Sandbox


_HOURLY_FAULT_DURATION = timedelta(hours=3)
"""Long enough for an hourly event to be missing or to happen."""


def _fault(name: str, title: str, *expected: ExpectedFinding, since: timedelta | None = None) -> Fault:
    """A disturbance of the load as a fault; it starts `since` ago, or half an hour ago by default."""

    def apply(sandbox: Sandbox) -> None:
        sandbox.load.start_disturbance(name, start=sandbox.load.now() - since if since else None)

    def repair(sandbox: Sandbox) -> None:
        sandbox.load.stop_disturbance(name)

    return Fault(name=name, title=title, apply=apply, repair=repair, expected_findings=expected)


def _finding(check: str, kind: str, name: str, subject: str = "") -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"{kind}/{name}", subject=subject)


def _burn(objective: str) -> ExpectedFinding:
    return _finding("service.slo.burn", "slo", objective)


def _both(check: str) -> tuple[ExpectedFinding, ...]:
    """A finding on each instance of the cluster."""
    return tuple(_finding(check, "aurora_cluster", PREFIX, f"{PREFIX}-{position}") for position in (1, 2))


LOAD_FAULTS = (
    _fault(
        "function-error-burst",
        "Every fifth invocation of the login function fails",
        _finding("service.function.errors", "function", f"{PREFIX}-auth-v2"),
        _burn("auth-availability"),
    ),
    _fault(
        "function-throttled",
        "Lambda throttles every eleventh call of the login function",
        _finding("service.function.throttles", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "function-slow",
        "The login function takes five times as long as usual",
        _finding("service.function.latency", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "api-5xx-burst",
        "The API returns more than ten server errors per second",
        _finding("service.api.server_errors", "api", PREFIX),
        _burn("api-availability"),
    ),
    _fault(
        "api-p95-slow",
        "The API takes more than a second for one request in twenty",
        _finding("service.api.latency", "api", PREFIX),
        _burn("api-latency"),
    ),
    _fault(
        "api-refusals",
        "A client repeats requests with a revoked key",
        _finding("service.api.client_errors", "api", PREFIX),
    ),
    _fault(
        "event-rule-disabled",
        "Someone disabled the hourly EventBridge rule of the analytics",
        _finding("service.rule.triggers", "event_rule", f"{PREFIX}-analytics-hourly"),
        since=_HOURLY_FAULT_DURATION,
    ),
    _fault(
        "dead-letters-unread",
        "Events stay in the analytics' dead-letter queue without a consumer",
        _finding("service.queue.oldest", "queue", f"{PREFIX}-analytics-dlq"),
    ),
    _fault(
        "table-throttled",
        "The customers table throttles writes",
        _finding("service.table.throttles", "table", f"{PREFIX}-customers"),
        _burn("customers-throttling"),
    ),
    _fault(
        "cache-cold",
        "A node of the cache was replaced, so every other item is read from the table",
        _finding("service.cache.hits", "cache_cluster", f"{PREFIX}-cache"),
    ),
    _fault(
        "backup-jobs-failing",
        "AWS Backup lost its permission for the key, so every job fails",
        _finding("service.vault.jobs", "backup_vault", PREFIX),
        since=_HOURLY_FAULT_DURATION,
    ),
    _fault(
        "connections-near-limit",
        "Nearly all database connections of the proxy are in use",
        _finding("service.proxy.pool_use", "aurora_cluster", PREFIX),
    ),
    _fault(
        "proxy-bypassed",
        "A job opens hundreds of connections to the instances without the proxy",
        *_both("service.aurora.connections"),
    ),
    _fault(
        "database-busy",
        "A report without an index saturates both instances",
        *_both("service.aurora.cpu"),
        *_both("service.aurora.acu_use"),
        *_both("service.aurora.load"),
    ),
    _fault(
        "proxy-slow",
        "The proxy takes 300 ms to give a connection, because it opens a new one each time",
        _finding("service.proxy.borrow_latency", "aurora_cluster", PREFIX),
    ),
    _fault(
        "storage-slow",
        "The storage latency of the cluster is about a hundred times higher than usual",
        *_both("service.aurora.read_latency"),
        *_both("service.aurora.write_latency"),
    ),
    _fault(
        "replica-behind",
        "The reader is several seconds behind the writer",
        _finding("service.aurora.replica_lag", "aurora_cluster", PREFIX, f"{PREFIX}-2"),
    ),
)
