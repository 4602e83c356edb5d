"""The five alerts every platform here is certified with: latency, pool, errors, backups, security.

Each begins at what the configuration promises, and where that says nothing, at what the certificate does.
"""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Api, AuroraCluster, Component, Database, DumpBackups, Function
from generate.prometheus.promql import escape_template, promql_duration, selector
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
    fires_when="The 95th percentile of an API's latency is above its limit (500 ms for 5 m, unless promised otherwise)",
    remedy="Compare the integration's latency with the API's: the difference is the gateway and its authorizer",
    dashboard="basewatch-api",
)
POOL = AlertTemplate(
    name="ProxyPoolNearlyFull",
    severity=AlertSeverity.CRITICAL,
    fires_when="A connection pool is used to more than its limit (90% for 1 m, unless promised otherwise)",
    remedy="Look for sessions that idle in a transaction or are pinned, then for a burst of callers",
    dashboard="basewatch-aurora",
)
ERRORS = AlertTemplate(
    name="ApiServerErrors",
    severity=AlertSeverity.CRITICAL,
    fires_when="An API answers with more server errors than its limit (10 a second for 3 m, unless promised otherwise)",
    remedy="Read the log of the function behind it, and roll back what was deployed before it began",
    dashboard="basewatch-api",
)
BACKUP = AlertTemplate(
    name="BackupMissing",
    severity=AlertSeverity.CRITICAL,
    fires_when="The newest backup is older than promised (2 h, unless declared otherwise), seen within a quarter of that",
    remedy="See why the backup job did not run, and make a backup by hand now",
    dashboard="basewatch-findings",
)
LOGINS = AlertTemplate(
    name="SecuritySuspiciousLogins",
    severity=AlertSeverity.WARNING,
    fires_when="More logins fail than the limit (10 a minute for 5 m, unless promised otherwise)",
    remedy="See from where and for whom: one source guesses passwords; many sources with one key have stolen it",
    dashboard="basewatch-findings",
)
LIMITS = AlertTemplate(
    name="SecurityRateLimitHits",
    severity=AlertSeverity.INFO,
    fires_when="Callers run into limits: an API refuses a large share of its requests (429 is among the 4XX that CloudWatch "
    "counts), or Lambda refuses calls",
    remedy="Find the caller in the access log; a tenant that grew needs another limit, a stranger needs a block",
    dashboard="basewatch-api",
)
TEMPLATES = (LATENCY, POOL, ERRORS, BACKUP, LOGINS, LIMITS)

_LATENCY, _REQUESTS = "aws_apigateway_latency_seconds", "aws_apigateway_requests_total"
_SERVER, _CLIENT = "aws_apigateway_server_errors_total", "aws_apigateway_client_errors_total"
_FAILED_LOGINS, _REFUSED_LOGINS = "basewatch_database_failed_logins_total", "aws_rds_proxy_auth_failures_total"
_THROTTLES = "aws_lambda_throttles_total"
_SLOW, _FULL, _FAILING = duration_limit("500ms for 5m"), ratio_limit("90% for 1m"), event_rate_limit("10/s for 3m")
_FEW_LOGINS = event_rate_limit("10/min for 5m")


def api_promise_alerts(context: RuleContext, api: Api) -> Iterator[AlertRule]:
    """Latency, server errors, and callers that are refused."""
    for limit in thresholds(context, api, _LATENCY, api.p95_below or _SLOW):
        # The newest p95 stands on the page for a while after the last request.
        busy = f"{limit.series_source.rate(f'{_LATENCY}_count')} > 0"
        expr = f"{limit.series_source.gauge_max(_LATENCY, quantile='0.95')} > {limit.value}\nand\n{busy}"
        yield limit.alert_rule(LATENCY, expr, f"p95 of the latency is {SECONDS}", promise="p95_below")
    for limit in thresholds(context, api, _SERVER, api.server_errors_below or _FAILING):
        expr, said = f"{limit.series_source.rate(_SERVER)} > {limit.value}", f"{COUNT} server errors a second"
        yield limit.alert_rule(ERRORS, expr, said, promise="server_errors_below")
    for limit in thresholds(context, api, _CLIENT, api.client_errors_below, ratio_limit("25% for 5m")):
        refused = ratio(limit.series_source.rate(_CLIENT), limit.series_source.rate(_REQUESTS))
        expr = f"{refused}\n> {limit.value}\nand\n{enough_events(limit.series_source, _REQUESTS)}"
        said = f"{PERCENT} of the requests are refused"
        yield limit.alert_rule(LIMITS, expr, said, promise="client_errors_below")


def function_promise_alerts(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    """Calls that Lambda refuses; from what share on that is a trouble is told by LambdaThrottling."""
    for limit in thresholds(context, function, _THROTTLES, None, event_rate_limit("0/s")):
        expr, said = (
            f"{limit.series_source.increase(_THROTTLES)} > 0",
            f"{COUNT} calls refused within {promql_duration(limit.series_source.window)}",
        )
        yield limit.alert_rule(LIMITS, expr, said)


def cluster_promise_alerts(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    """The proxy's pool and who it lets in; how old the newest backup is."""
    used, allowed = "aws_rds_proxy_borrowed_connections", "aws_rds_proxy_max_database_connections"
    promised = cluster.proxy.pool_use_below if cluster.proxy else None
    for limit in thresholds(context, cluster, used, promised or _FULL):
        expr = f"{ratio(limit.series_source.gauge_max(used), limit.series_source.gauge_max(allowed))}\n> {limit.value}"
        said = f"{PERCENT} of the pool are in use"
        yield limit.alert_rule(POOL, expr, said, promise="proxy.pool_use_below")
    for limit in thresholds(context, cluster, _REFUSED_LOGINS, None, _FEW_LOGINS):
        expr, said = (
            f"{limit.series_source.rate(_REFUSED_LOGINS)} > {limit.value}",
            f"{COUNT} logins fail a second at the proxy",
        )
        yield limit.alert_rule(LOGINS, expr, said)
    yield from _no_backup(context, cluster, "backup.rpo")


def database_promise_alerts(context: RuleContext, database: Database) -> Iterator[AlertRule]:
    """Failed logins in the audit table, where it is said which rows are such."""
    if database.failed_logins is None:
        return
    promised = database.audit.failed_logins_below if database.audit else None
    source = SeriesSource(
        collector="database", labels={"database": database.name}, refresh=context.config.collectors.every
    )
    for limit in thresholds_at(context, database, source, promised, _FEW_LOGINS):
        expr, said = f"{source.rate(_FAILED_LOGINS)} > {limit.value}", f"{COUNT} logins fail a second"
        yield limit.alert_rule(LOGINS, expr, said, promise="audit.failed_logins_below")


def dump_promise_alerts(context: RuleContext, dumps: DumpBackups) -> Iterator[AlertRule]:
    """How old the newest dump is."""
    yield from _no_backup(context, dumps, "stale_after")


def _no_backup(context: RuleContext, component: Component, promise: str) -> Iterator[AlertRule]:
    """The verdict of the last look: the age of a backup is known only when somebody looks.

    Where Basewatch tells people of verdicts itself, the alert says so, and Alertmanager tells nobody a second time.
    """
    if check := context.check_of(component, promise):
        verdict = {"check": check.id, "component": component.ref, "status": "FAIL"}
        told = {"told_by": "basewatch"} if context.config.alerts.verdicts == "direct" else {}
        yield context.alert_rule(
            BACKUP,
            f"max by (check, component, subject) ({selector('basewatch_finding_status', verdict)}) == 1",
            summary=f"{escape_template(component.name)}: the newest backup is older than promised",
            component=component,
            promise=promise,
            labels=told,
        )
