"""The alerts of declared promises: latency, connection pool, errors, backups and security.

The threshold is the promise of the configuration. Without one, it is the limit that SecureBase is certified with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.components import Api, AuroraCluster, Component, Database, DumpBackups
from generate.prometheus.promql import escape_template, selector
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext, SeriesSource
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import (
    COUNT,
    PERCENT,
    SECONDS,
    duration_limit,
    enough_events,
    event_rate_limit,
    ratio_limit,
    thresholds,
    thresholds_at,
)

LATENCY = AlertTemplate(
    name="ApiLatencyHigh",
    severity=AlertSeverity.WARNING,
    fires_when="The 95th percentile of an API's latency is above its limit (default: 500 ms for 5 m)",
    remedy="Compare the integration latency with the API latency: the gateway and its authorizer make the difference",
    dashboard="basewatch-api",
)
POOL = AlertTemplate(
    name="ProxyPoolNearlyFull",
    severity=AlertSeverity.CRITICAL,
    fires_when="The use of a connection pool is above its limit (default: 90% for 1 m)",
    remedy="Look for sessions that are idle in a transaction or pinned, then for a burst of clients",
    dashboard="basewatch-aurora",
)
ERRORS = AlertTemplate(
    name="ApiServerErrors",
    severity=AlertSeverity.CRITICAL,
    fires_when="An API has more server errors than its limit (default: 10 a second for 3 m)",
    remedy="Read the log of the function behind the API, and roll back the deployment before the first error",
    dashboard="basewatch-api",
)
BACKUP = AlertTemplate(
    name="BackupMissing",
    severity=AlertSeverity.CRITICAL,
    fires_when="The newest backup is older than promised (default: 2 h); it is checked four times within that time",
    remedy="Find out why the backup job did not run, and make a backup manually now",
    dashboard="basewatch-findings",
)
LOGINS = AlertTemplate(
    name="SecuritySuspiciousLogins",
    severity=AlertSeverity.WARNING,
    fires_when="More logins fail than the limit (default: 10 a minute for 5 m)",
    remedy="Find source and account: one source may be guessing passwords; many sources with one key suggest theft",
    dashboard="basewatch-findings",
)
LIMITS = AlertTemplate(
    name="SecurityRateLimitHits",
    severity=AlertSeverity.INFO,
    fires_when="Callers reach limits: an API refuses a large ratio of its requests (429 is one of the 4XX errors that "
    "CloudWatch counts)",
    remedy="Find the caller in the access log: raise the limit of a tenant that grew; block an unknown caller",
    dashboard="basewatch-api",
)
TEMPLATES = (LATENCY, POOL, ERRORS, BACKUP, LOGINS, LIMITS)

_LATENCY, _REQUESTS = "aws_apigateway_latency_seconds", "aws_apigateway_requests_total"
_SERVER, _CLIENT = "aws_apigateway_server_errors_total", "aws_apigateway_client_errors_total"
_FAILED_LOGINS, _REFUSED_LOGINS = "basewatch_database_failed_logins_total", "aws_rds_proxy_auth_failures_total"
_SLOW, _FULL, _FAILING = duration_limit("500ms for 5m"), ratio_limit("90% for 1m"), event_rate_limit("10/s for 3m")
_FEW_LOGINS = event_rate_limit("10/min for 5m")


def api_promise_alerts(context: RuleContext, api: Api) -> Iterator[AlertRule]:
    """Latency, server errors, and refused requests."""
    for limit in thresholds(context, api, _LATENCY, api.p95_pages or api.p95_below or _SLOW):
        # The last p95 stays on the page for a while after the last request.
        busy = f"{limit.series_source.rate(f'{_LATENCY}_count')} > 0"
        expr = f"{limit.series_source.gauge_max(_LATENCY, quantile='0.95')} > {limit.value}\nand\n{busy}"
        yield limit.alert_rule(LATENCY, expr, f"p95 of the latency is {SECONDS}", promise="p95_below")
    for limit in thresholds(context, api, _SERVER, api.server_errors_below or _FAILING):
        expr = f"{limit.series_source.rate(_SERVER)} > {limit.value}"
        yield limit.alert_rule(ERRORS, expr, f"{COUNT} server errors a second", promise="server_errors_below")
    for limit in thresholds(context, api, _CLIENT, api.client_errors_below, ratio_limit("25% for 5m")):
        refused = ratio(limit.series_source.rate(_CLIENT), limit.series_source.rate(_REQUESTS))
        expr = f"{refused}\n> {limit.value}\nand\n{enough_events(limit.series_source, _REQUESTS)}"
        text = f"{PERCENT} of the requests are refused"
        yield limit.alert_rule(LIMITS, expr, text, promise="client_errors_below")


def cluster_promise_alerts(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    """The connection pool of the proxy, failed logins at the proxy, and the age of the newest backup."""
    used, allowed = "aws_rds_proxy_borrowed_connections", "aws_rds_proxy_max_database_connections"
    promised = cluster.proxy.pool_use_below if cluster.proxy else None
    for limit in thresholds(context, cluster, used, promised or _FULL):
        expr = f"{ratio(limit.series_source.gauge_max(used), limit.series_source.gauge_max(allowed))}\n> {limit.value}"
        text = f"{PERCENT} of the pool is in use"
        yield limit.alert_rule(POOL, expr, text, promise="proxy.pool_use_below")
    for limit in thresholds(context, cluster, _REFUSED_LOGINS, None, _FEW_LOGINS):
        expr = f"{limit.series_source.rate(_REFUSED_LOGINS)} > {limit.value}"
        yield limit.alert_rule(LOGINS, expr, f"{COUNT} logins a second fail at the proxy")
    yield from _no_backup(context, cluster, "backup.rpo")


def database_promise_alerts(context: RuleContext, database: Database) -> Iterator[AlertRule]:
    """Failed logins in the audit table, if the configuration says which rows are failed logins."""
    if database.failed_logins is None:
        return
    promised = database.audit.failed_logins_below if database.audit else None
    source = SeriesSource(
        collector="database", labels={"database": database.name}, refresh=context.config.collectors.standard
    )
    for limit in thresholds_at(context, database, source, promised, _FEW_LOGINS):
        expr = f"{source.rate(_FAILED_LOGINS)} > {limit.value}"
        yield limit.alert_rule(LOGINS, expr, f"{COUNT} logins a second fail", promise="audit.failed_logins_below")


def dump_promise_alerts(context: RuleContext, dumps: DumpBackups) -> Iterator[AlertRule]:
    """The age of the newest dump."""
    yield from _no_backup(context, dumps, "stale_after")


def _no_backup(context: RuleContext, component: Component, promise: str) -> Iterator[AlertRule]:
    """An alert on the last verdict: no metric has the age of a backup.

    If Basewatch notifies about verdicts itself, a label says so, and Alertmanager does not notify a second time.
    """
    if check := context.check_of(component, promise):
        verdict = {"check": check.id, "component": component.ref, "status": "FAIL"}
        notified = {"notified_by": "basewatch"} if context.config.alerts.verdicts == "direct" else {}
        yield context.alert_rule(
            BACKUP,
            f"max by (check, component, subject) ({selector('basewatch_finding_status', verdict)}) == 1",
            summary=f"{escape_template(component.name)}: the newest backup is older than promised",
            component=component,
            promise=promise,
            held=timedelta(),
            labels=notified,
        )
