"""Faults of the load: the platform does worse than it promises, and CloudWatch shows it for the last half hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from demo.faults.fault import ExpectedFinding, Fault
from demo.load import PREFIX

if TYPE_CHECKING:
    from demo.box import Sandbox


_LONG = timedelta(hours=3)
"""For what happens once an hour to be missing, or to have happened."""


def _fault(name: str, title: str, *expected: ExpectedFinding, since: timedelta | None = None) -> Fault:
    """A disturbance of the load as a fault, which began as long ago as `since` says when it is switched on."""

    def apply(box: Sandbox) -> None:
        box.load.start_disturbance(name, start=box.load.now() - since if since else None)

    def repair(box: Sandbox) -> None:
        box.load.stop_disturbance(name)

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
        "Every fifth login fails",
        _finding("service.function.errors", "function", f"{PREFIX}-auth-v2"),
        _burn("auth-availability"),
    ),
    _fault(
        "function-throttled",
        "Lambda turns away every eleventh login",
        _finding("service.function.throttles", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "function-slow",
        "A login takes five times as long as usual",
        _finding("service.function.latency", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "api-5xx-burst",
        "The API answers more than ten requests a second with a server error",
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
        "A client with a key that was revoked asks again and again",
        _finding("service.api.client_errors", "api", PREFIX),
    ),
    _fault(
        "rule-silent",
        "Somebody disabled the hourly rule of the analytics",
        _finding("service.rule.triggers", "event_rule", f"{PREFIX}-analytics-hourly"),
        since=_LONG,
    ),
    _fault(
        "messages-left",
        "Events lie in the dead-letter queue of the analytics, and nobody takes them",
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
        "A node of the cache was replaced, and every other item has to be read from its table",
        _finding("service.cache.hits", "cache_cluster", f"{PREFIX}-cache"),
    ),
    _fault(
        "backup-jobs-failing",
        "AWS Backup may no longer use the key, so that every job fails",
        _finding("service.vault.jobs", "backup_vault", PREFIX),
        since=_LONG,
    ),
    _fault(
        "connections-near-limit",
        "The proxy has lent out nearly all of its database connections",
        _finding("service.proxy.pool_use", "aurora_cluster", PREFIX),
    ),
    _fault(
        "proxy-bypassed",
        "A job connects to the instances hundreds of times, past the proxy",
        *_both("service.aurora.connections"),
    ),
    _fault(
        "database-busy",
        "A report without an index keeps both instances at the end of their capacity",
        *_both("service.aurora.cpu"),
        *_both("service.aurora.load"),
    ),
    _fault(
        "storage-slow",
        "The storage of the cluster answers a hundred times slower than usual",
        *_both("service.aurora.read_latency"),
        *_both("service.aurora.write_latency"),
    ),
    _fault(
        "replica-behind",
        "The reader is seconds behind its writer",
        _finding("service.aurora.replica_lag", "aurora_cluster", PREFIX, f"{PREFIX}-2"),
    ),
)
