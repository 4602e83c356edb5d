"""Examples of promise alerts and cause alerts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.generate.prometheus.examples import (
    API,
    FUNCTION,
    INSTANCE,
    PLACE,
    PROXY,
    TABLE,
    Example,
    at,
    gauge,
    pair,
    quiet,
    ratio,
    then,
    up,
)

LATENCY = f'aws_apigateway_latency_seconds{{{API},quantile="0.95"}}'
LATENCY_COUNT = f"aws_apigateway_latency_seconds_count{{{API}}}"
REQUESTS = f"aws_apigateway_requests_total{{{API}}}"
SERVER_ERRORS = f"aws_apigateway_server_errors_total{{{API}}}"
CLIENT_ERRORS = f"aws_apigateway_client_errors_total{{{API}}}"
CALLS, ERRORS = f"aws_lambda_invocations_total{{{FUNCTION}}}", f"aws_lambda_errors_total{{{FUNCTION}}}"
THROTTLES = f"aws_lambda_throttles_total{{{FUNCTION}}}"
BORROWED = f"aws_rds_proxy_borrowed_connections{{{PROXY}}}"
ALLOWED = f"aws_rds_proxy_max_database_connections{{{PROXY}}}"


def promised() -> Iterator[Example]:
    """The promise alerts."""
    busy = {LATENCY_COUNT: up(60)}
    yield from pair("ApiLatencyHigh", {LATENCY: at(0.501), **busy}, {LATENCY: at(0.5), **busy}, "at the limit")
    yield quiet("ApiLatencyHigh", "four minutes", {LATENCY: then((0.1, 36), (0.9, 5)), **busy})
    yield quiet("ApiLatencyHigh", "no requests", {LATENCY: at(0.9), LATENCY_COUNT: at(60)})
    pool = {ALLOWED: at(100)}
    yield from pair("ProxyPoolNearlyFull", {BORROWED: at(91), **pool}, {BORROWED: at(90), **pool}, "at the limit")
    yield quiet("ProxyPoolNearlyFull", "just now", {BORROWED: then((10, 40), (95, 5)), **pool})
    yield quiet("ProxyPoolNearlyFull", "no limit known", {BORROWED: at(95)})
    yield from pair("ApiServerErrors", {SERVER_ERRORS: up(60 * 11)}, {SERVER_ERRORS: up(60 * 9)})
    yield quiet("ApiServerErrors", "a burst of two minutes", {SERVER_ERRORS: "0x35 0+700x2 1400x10"})
    for component, check in (
        ("aurora_cluster/main", "backup.aurora.rpo"),
        ("dump_backups/dumps", "backup.dump.freshness"),
    ):
        finding = f'basewatch_finding_status{{check="{check}",component="{component}",severity="critical",status='
        yield from pair(
            "BackupMissing",
            {f'{finding}"FAIL"}}': at(1)},
            {f'{finding}"PASS"}}': at(1), f'{finding.replace(component, "other/one")}"FAIL"}}': at(1)},
            "there is one",
            of={"component": component},
        )
    failed = 'basewatch_database_failed_logins_total{database="shop"}'
    refused = f"aws_rds_proxy_auth_failures_total{{{PROXY}}}"
    for counter, component in ((failed, "database/shop"), (refused, "aurora_cluster/main")):
        yield from pair("SecuritySuspiciousLogins", {counter: up(11)}, {counter: up(9)}, of={"component": component})
    yield from ratio("SecurityRateLimitHits", CLIENT_ERRORS, {REQUESTS: 1000}, 260, 240, of={"component": "api/front"})


def services() -> Iterator[Example]:
    """Causes in functions, APIs, tables, caches, queues, event rules and vaults."""
    yield from ratio("LambdaErrors", ERRORS, {CALLS: 1000}, 60, 40)
    duration, count = (
        f"aws_lambda_duration_seconds{part}" for part in (f'{{{FUNCTION},quantile="0.95"}}', f"_count{{{FUNCTION}}}")
    )
    yield from pair("LambdaSlow", {duration: at(1.1), count: up(60)}, {duration: at(0.9), count: up(60)})
    yield quiet("LambdaSlow", "no calls", {duration: at(1.1), count: at(60)})
    yield from ratio("LambdaThrottling", THROTTLES, {CALLS: 1000}, 20, 5)
    longest, timeout = f"aws_lambda_duration_max_seconds{{{FUNCTION}}}", f"aws_lambda_timeout_seconds{{{FUNCTION}}}"
    near = {longest: at(28), timeout: at(30), count: up(1)}
    yield from pair("LambdaNearTimeout", near, {**near, longest: at(26)})
    yield quiet("LambdaNearTimeout", "one call", {**near, count: then((0, 32), (1, 60))})
    claimed = f"aws_lambda_account_claimed_concurrency{{{PLACE}}}"
    running = f"aws_lambda_account_concurrent_executions{{{PLACE}}}"
    crowd = {claimed: at(801), running: at(10), f"aws_lambda_concurrency_limit{{{PLACE}}}": at(1000)}
    yield from pair("LambdaConcurrencyNearLimit", crowd, {**crowd, claimed: at(799)})
    yesterday = {REQUESTS: up(1000), CLIENT_ERRORS: f"0+20x1439 {1440 * 20}+200x100"}
    always = {REQUESTS: up(1000), CLIENT_ERRORS: up(200)}
    yield from pair("ApiClientErrorSurge", yesterday, always, "as always", minutes=1480)
    yield quiet(
        "ApiClientErrorSurge",
        "low traffic",
        {REQUESTS: up(1), CLIENT_ERRORS: f"0+0.02x1439 {1440 * 0.02:g}+0.2x100"},
        minutes=1480,
    )
    reads, writes = (f"aws_dynamodb_{what}_throttle_events_total{{{TABLE}}}" for what in ("read", "write"))
    yield from pair("DynamoThrottled", {reads: up(0), writes: up(3)}, {reads: at(5), writes: at(9)}, "long ago")
    for what in ("read", "write"):
        consumed = f"aws_dynamodb_consumed_{what}_capacity_units_total{{{TABLE}}}"
        given = {f"aws_dynamodb_provisioned_{what}_capacity_units{{{TABLE}}}": at(10)}
        bad, good = {consumed: up(60 * 9), **given}, {consumed: up(60 * 7), **given}
        yield from pair("DynamoNearProvisioned", bad, good, of={"capacity": what})
        yield quiet("DynamoNearProvisioned", "on demand", {consumed: up(60 * 9)}, of={"capacity": what})
    hits, misses = (f'aws_dax_item_cache_{what}_total{{{PLACE},cluster_id="cache"}}' for what in ("hits", "misses"))
    yield from pair("DaxHitsLow", {hits: up(70), misses: up(30)}, {hits: up(90), misses: up(10)}, "enough", minutes=60)
    yield quiet("DaxHitsLow", "low traffic", {hits: up(0.1), misses: up(0.2)}, minutes=60)
    age = "aws_sqs_oldest_message_age_seconds"
    yield from gauge("QueueMessageAgeHigh", age, f'{PLACE},queue_name="mails"', 601, 599)
    triggered = f'aws_events_triggered_rules_total{{{PLACE},rule_name="hourly"}}'
    hourly = " ".join(f"{hour}+0x59" for hour in range(5))
    yield from pair("EventRuleSilent", {triggered: at(7)}, {triggered: hourly}, "on time", minutes=200)
    yield quiet("EventRuleSilent", "watched for an hour", {triggered: "_x120 7+0x200"}, minutes=180)
    failed = f'aws_backup_jobs_failed_total{{{PLACE},backup_vault="vault"}}'
    yield from pair("BackupJobFailed", {failed: then((0, 30), (1, 300))}, {failed: at(3)}, "long ago", minutes=200)


def aurora() -> Iterator[Example]:
    """Causes in Aurora and its proxy."""
    for alert, metric, bad, good in (
        ("AuroraCpuHigh", "aws_rds_cpu_utilization_ratio", 0.91, 0.89),
        ("AuroraLoadHigh", "aws_rds_db_load_active_sessions", 8.1, 7.9),
        ("AuroraConnectionsHigh", "aws_rds_database_connections_max", 401, 399),
        ("AuroraReadLatencyHigh", "aws_rds_read_latency_seconds", 0.021, 0.019),
        ("AuroraWriteLatencyHigh", "aws_rds_write_latency_seconds", 0.021, 0.019),
        ("AuroraCapacityExhausted", "aws_rds_acu_utilization_ratio", 0.91, 0.89),
        ("AuroraMemoryLow", "aws_rds_freeable_memory_bytes", 200e6, 300e6),
    ):
        yield from gauge(alert, metric, INSTANCE, bad, good)
    yield from gauge("AuroraTxidWraparound", "aws_rds_max_used_transaction_ids", INSTANCE, 1.1e9, 0.9e9, minutes=200)
    month, expiry = 30 * 24 * 3600, f"aws_rds_ca_certificate_expiry_timestamp_seconds{{{INSTANCE}}}"
    expiring = {expiry: f"{month + 600}+0x5000"}
    yield from pair("AuroraCertificateExpiring", expiring, {expiry: f"{2 * month}+0x5000"}, "in time", minutes=120)
    for severity, bad, good in (("warning", 1.1, 0.9), ("critical", 31, 29)):
        yield from gauge(
            "AuroraReplicaLag", "aws_rds_replica_lag_seconds", INSTANCE, bad, good, of={"severity": severity}
        )
    yield from gauge("ProxyBorrowSlow", "aws_rds_proxy_borrow_latency_seconds", PROXY, 0.11, 0.09)
    pinned = f"aws_rds_proxy_pinned_sessions{{{PROXY}}}"
    yield from pair("ProxyPinning", {pinned: at(6), BORROWED: at(10)}, {pinned: at(5), BORROWED: at(10)}, "half")
    yield quiet("ProxyPinning", "nothing borrowed", {pinned: at(6), BORROWED: at(0)})
