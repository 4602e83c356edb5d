"""The five alerts every platform here is certified with: latency, pool, errors, backups, security.

Each begins at what the configuration promises, and where that says nothing, at what the certificate does.
"""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Api, AuroraCluster, Component, Database, DumpBackups, Function
from generate.prometheus.bounds import COUNT, PERCENT, SECONDS, bound, bounds, enough, rate, seconds, share
from generate.prometheus.context import Context, Source, Template
from generate.prometheus.promql import literal, selector, span
from generate.prometheus.recording import ratio
from generate.prometheus.rule_model import Alert, Urgency

LATENCY = Template(
    name="ApiLatencyHigh",
    severity=Urgency.WARNING,
    fires="The 95th percentile of an API's latency is above its limit (500 ms for 5 m, unless promised otherwise)",
    remedy="Compare the integration's latency with the API's: the difference is the gateway and its authorizer",
    dashboard="basewatch-api",
)
POOL = Template(
    name="ProxyPoolNearlyFull",
    severity=Urgency.CRITICAL,
    fires="A connection pool is used to more than its limit (90% for 1 m, unless promised otherwise)",
    remedy="Look for sessions that idle in a transaction or are pinned, then for a burst of callers",
    dashboard="basewatch-aurora",
)
ERRORS = Template(
    name="ApiServerErrors",
    severity=Urgency.CRITICAL,
    fires="An API answers with more server errors than its limit (10 a second for 3 m, unless promised otherwise)",
    remedy="Read the log of the function behind it, and roll back what was deployed before it began",
    dashboard="basewatch-api",
)
BACKUP = Template(
    name="BackupMissing",
    severity=Urgency.CRITICAL,
    fires="The newest backup is older than promised (2 h, unless declared otherwise), seen within a quarter of that",
    remedy="See why the backup job did not run, and make a backup by hand now",
    dashboard="basewatch-findings",
)
LOGINS = Template(
    name="SecuritySuspiciousLogins",
    severity=Urgency.WARNING,
    fires="More logins fail than the limit (10 a minute for 5 m, unless promised otherwise)",
    remedy="See from where and for whom: one source guesses passwords; many sources with one key have stolen it",
    dashboard="basewatch-findings",
)
LIMITS = Template(
    name="SecurityRateLimitHits",
    severity=Urgency.INFO,
    fires="Callers run into limits: an API refuses a large share of its requests (429 is among the 4XX that CloudWatch "
    "counts), or Lambda refuses calls",
    remedy="Find the caller in the access log; a tenant that grew needs another limit, a stranger needs a block",
    dashboard="basewatch-api",
)
TEMPLATES = (LATENCY, POOL, ERRORS, BACKUP, LOGINS, LIMITS)

_LATENCY, _REQUESTS = "aws_apigateway_latency_seconds", "aws_apigateway_requests_total"
_SERVER, _CLIENT = "aws_apigateway_server_errors_total", "aws_apigateway_client_errors_total"
_FAILED_LOGINS, _REFUSED_LOGINS = "basewatch_database_failed_logins_total", "aws_rds_proxy_auth_failures_total"
_THROTTLES = "aws_lambda_throttles_total"
_SLOW, _FULL, _FAILING = seconds("500ms for 5m"), share("90% for 1m"), rate("10/s for 3m")
_FEW_LOGINS = rate("10/min for 5m")


def of_api(context: Context, api: Api) -> Iterator[Alert]:
    """Latency, server errors, and callers that are refused."""
    for limit in bounds(context, api, _LATENCY, api.p95_below or _SLOW):
        # The newest p95 stands on the page for a while after the last request.
        busy = f"{limit.at.rate(f'{_LATENCY}_count')} > 0"
        expr = f"{limit.at.highest(_LATENCY, quantile='0.95')} > {limit.value}\nand\n{busy}"
        yield limit.crossed(LATENCY, expr, f"p95 of the latency is {SECONDS}", promise="p95_below")
    for limit in bounds(context, api, _SERVER, api.server_errors_below or _FAILING):
        expr, said = f"{limit.at.rate(_SERVER)} > {limit.value}", f"{COUNT} server errors a second"
        yield limit.crossed(ERRORS, expr, said, promise="server_errors_below")
    for limit in bounds(context, api, _CLIENT, api.client_errors_below, share("25% for 5m")):
        refused = ratio(limit.at.rate(_CLIENT), limit.at.rate(_REQUESTS))
        expr = f"{refused}\n> {limit.value}\nand\n{enough(limit.at, _REQUESTS)}"
        said = f"{PERCENT} of the requests are refused"
        yield limit.crossed(LIMITS, expr, said, promise="client_errors_below")


def of_function(context: Context, function: Function) -> Iterator[Alert]:
    """Calls that Lambda refuses; from what share on that is a trouble is told by LambdaThrottling."""
    for limit in bounds(context, function, _THROTTLES, None, rate("0/s")):
        expr, said = f"{limit.at.increase(_THROTTLES)} > 0", f"{COUNT} calls refused within {span(limit.at.window)}"
        yield limit.crossed(LIMITS, expr, said)


def of_cluster(context: Context, cluster: AuroraCluster) -> Iterator[Alert]:
    """The proxy's pool and who it lets in; how old the newest backup is."""
    used, allowed = "aws_rds_proxy_borrowed_connections", "aws_rds_proxy_max_database_connections"
    promised = cluster.proxy.pool_use_below if cluster.proxy else None
    for limit in bounds(context, cluster, used, promised or _FULL):
        expr = f"{ratio(limit.at.highest(used), limit.at.highest(allowed))}\n> {limit.value}"
        said = f"{PERCENT} of the pool are in use"
        yield limit.crossed(POOL, expr, said, promise="proxy.pool_use_below")
    for limit in bounds(context, cluster, _REFUSED_LOGINS, None, _FEW_LOGINS):
        expr, said = f"{limit.at.rate(_REFUSED_LOGINS)} > {limit.value}", f"{COUNT} logins fail a second at the proxy"
        yield limit.crossed(LOGINS, expr, said)
    yield from _no_backup(context, cluster, "backup.rpo")


def of_database(context: Context, database: Database) -> Iterator[Alert]:
    """Failed logins in the audit table, where it is said which rows are such."""
    if database.failed_logins is None:
        return
    promised = database.audit.failed_logins_below if database.audit else None
    source = Source(collector="database", labels={"database": database.name}, refresh=context.config.collectors.every)
    for limit in bound(context, database, source, promised, _FEW_LOGINS):
        expr, said = f"{source.rate(_FAILED_LOGINS)} > {limit.value}", f"{COUNT} logins fail a second"
        yield limit.crossed(LOGINS, expr, said, promise="audit.failed_logins_below")


def of_dumps(context: Context, dumps: DumpBackups) -> Iterator[Alert]:
    """How old the newest dump is."""
    yield from _no_backup(context, dumps, "stale_after")


def _no_backup(context: Context, component: Component, promise: str) -> Iterator[Alert]:
    """The verdict of the last look: the age of a backup is known only when somebody looks.

    Where Basewatch tells people of verdicts itself, the alert says so, and Alertmanager tells nobody a second time.
    """
    if check := context.check_of(component, promise):
        verdict = {"check": check.id, "component": component.ref, "status": "FAIL"}
        told = {"told_by": "basewatch"} if context.config.alerts.verdicts == "direct" else {}
        yield context.alert(
            BACKUP,
            f"max by (check, component, subject) ({selector('basewatch_finding_status', verdict)}) == 1",
            summary=f"{literal(component.name)}: the newest backup is older than promised",
            component=component,
            promise=promise,
            labels=told,
        )
