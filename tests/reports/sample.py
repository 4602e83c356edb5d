"""One rich run to write reports of: every status, several components, a breach, and hostile texts from a tenant."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from basewatch.model import (
    JSON,
    Evidence,
    ExpectedCheck,
    Finding,
    Proof,
    Reason,
    Run,
    Severity,
    Status,
    Transition,
    Window,
)
from basewatch.series import Point, Series
from reports.view import CheckDescription, View

END = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Window(start=END - timedelta(hours=6), end=END)
MINUTE = timedelta(minutes=1)
# What a tenant may name a table or a role: markup, a spoofing character, a table's border, and a link.
HOSTILE = '"><script>alert(1)</script>\u202e| [x](javascript:alert(1)) `x` <!-- @everyone\n# x'
ARN = "arn:aws:sts::123456789012:assumed-role/basewatch-reader/run"

CLUSTER, DATABASE, BUCKET = "aurora_cluster/securebase-production", "database/securebase", "audit_bucket/audit-logs"
AUTH, BILLING, API = "function/auth-v2", "function/billing-worker", "api/securebase-production"
CUSTOMERS, INVOICES, DUMPS = "table/customers", "table/invoices", "dump_backups/nightly"

COMPONENTS: dict[str, JSON] = {
    CLUSTER: {
        "name": "securebase-production",
        "backup": {"retention": "35d", "rpo": "1h"},
        "proxy": {"name": "securebase-production-proxy", "pool_use_below": "90% for 1m"},
    },
    DATABASE: {
        "name": "securebase",
        "cluster": "securebase-production",
        "url": "env:BASEWATCH_DATABASE_URL",
        "tenancy": {
            "context": "app.current_customer_id",
            "root": "customers",
            "key": "customer_id",
            "principals": ["app", "analytics"],
            "min_tables": 7,
            "canaries": {"a": "0ca9a11e-0000-4000-8000-00000000000a", "b": "0ca9a11e-0000-4000-8000-00000000000b"},
        },
        "audit": {"table": "audit_events"},
    },
    AUTH: {"name": "auth-v2", "errors_below": "5% for 5m", "p95_below": "100ms for 5m"},
    BILLING: {"name": "billing-worker", "errors_below": "5% for 5m"},
    API: {
        "name": "securebase-production",
        "stage": "prod",
        "p95_below": "500ms for 5m",
        "server_errors_below": "10/s for 3m",
    },
    CUSTOMERS: {"name": "customers", "pitr": "35d", "throttled_below": "1/min for 5m"},
    INVOICES: {"name": "invoices", "pitr": "35d"},
    BUCKET: {"name": "audit-logs", "object_lock": {"mode": "COMPLIANCE", "retention": "7y"}},
    DUMPS: {
        "name": "nightly",
        "bucket": "securebase-backups",
        "database": "securebase",
        "every": "1h",
        "stale_after": "2h",
    },
}

TITLES = {
    "tenancy.rls.coverage": "Every table that a tenant-bound role can reach is under row-level security",
    "tenancy.probe.cross_tenant": "A session of one tenant sees no row of another",
    "audit.table.append_only": "Audit events can be added and never changed or removed",
    "backup.aurora.window": "The cluster keeps its automated backups as long as promised",
    "backup.aurora.rpo": "The cluster can be restored to within its recovery point objective",
    "backup.dynamodb.pitr": "The table can be restored to any second of the promised window",
    "backup.dump.freshness": "The newest dump is younger than promised",
    "retention.s3.lock_default": "Every new object of the bucket is locked for the promised time",
    "service.function.errors": "The share of the function's invocations that fail stays below its limit",
    "service.function.latency": "The function's 95th percentile of duration stays below its limit",
    "service.api.latency": "The API's 95th percentile of latency stays below its limit",
    "service.api.server_errors": "The rate of server errors stays below its limit",
    "service.table.throttles": "The rate at which the table throttles requests stays below its limit",
    "service.proxy.pool_use": "The share of the proxy's database connections that are in use stays below its limit",
}


def sample_view() -> View:
    """The view that the snapshots are made of."""
    return View(
        run=sample_run(),
        platform="securebase",
        environment="production",
        checks={check: _text(check, title) for check, title in TITLES.items()},
        previous=tuple(_previous()),
    )


def sample_run() -> Run:
    """A run of six hours in which something of everything happened."""
    findings = tuple(_findings())
    return Run(
        id="20260301T120000Z-5ec07eba",
        started=END + timedelta(seconds=2),
        finished=END + timedelta(seconds=41),
        window=WINDOW,
        version="0.1.0",
        config_digest=_digest("config"),
        commit="0f3c2ab5d1e24c0f9d7c6b1a8e5f403921d7e6c4",
        expected=(
            *(ExpectedCheck(check=check, component=component) for check, component in _pairs(findings)),
            ExpectedCheck(check="service.api.server_errors", component=API),
        ),
        components=COMPONENTS,
        findings=findings,
        evidence=tuple(_evidence(findings)),
        series=tuple(_series()),
        transitions=tuple(_transitions(findings)),
        previous_seal=_digest("seal of the run before"),
        seal=_digest("seal"),
        notes=("The window starts where the last run ended, 6 h before.",),
    )


def green_run() -> Run:
    """A small run in which all is well."""
    finding = _passed("backup.aurora.rpo", CLUSTER, "restorable to 4m 10s ago", "within 1h", Severity.CRITICAL)
    return Run(
        id="20260301T120000Z-600d",
        started=END,
        finished=END + timedelta(seconds=1),
        window=WINDOW,
        version="0.1.0",
        config_digest=_digest("config"),
        commit="",
        expected=(ExpectedCheck(check=finding.check, component=finding.component),),
        components={CLUSTER: COMPONENTS[CLUSTER]},
        findings=(finding,),
        evidence=tuple(_evidence((finding,))),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(check: str, title: str) -> CheckDescription:
    return CheckDescription(
        title=title,
        why=f"customers rely on the promise of {check}, and no other check covers it.",
        reads="the catalogue or the interface that knows, once in each run.",
        fix="put back what was declared, and look for the change that removed it.",
        source="https://www.postgresql.org/docs/15/ddl-rowsecurity.html",
    )


def _passed(
    check: str, component: str, observed: str, expected: str, severity: Severity, *, subject: str = ""
) -> Finding:
    return Finding(
        check=check,
        component=component,
        subject=subject,
        status=Status.PASS,
        severity=severity,
        proof=Proof.POPULATION if check.startswith("service.") else Proof.CONFIGURATION,
        summary=f"{TITLES[check][0].lower()}{TITLES[check][1:]}",
        observed=observed,
        expected=expected,
        evidence=_digest(check + component),
    )


def _findings() -> Iterator[Finding]:
    yield from _broken()
    yield from _doubtful()
    coverage = "enabled and forced, with a policy for every command"
    for table in ("api_keys", "invoices", "usage_metrics", "notifications", "support_tickets"):
        yield _passed("tenancy.rls.coverage", DATABASE, coverage, coverage, Severity.CRITICAL, subject=table)
    yield _passed(
        "audit.table.append_only", DATABASE, "trigger enabled always", "no UPDATE or DELETE", Severity.CRITICAL
    )
    yield _passed("backup.aurora.window", CLUSTER, "35d", "at least 35d", Severity.HIGH)
    yield _passed(
        "service.proxy.pool_use", CLUSTER, "61.3% at most in 360 minutes", "below 90% for 1m", Severity.CRITICAL
    )
    yield _passed("retention.s3.lock_default", BUCKET, "COMPLIANCE 2557d", "COMPLIANCE 7y", Severity.CRITICAL)
    yield _passed("backup.dynamodb.pitr", CUSTOMERS, "35d", "at least 35d", Severity.HIGH)
    yield _passed("service.api.latency", API, "312 ms at most", "below 500ms for 5m", Severity.HIGH)
    yield _passed("service.function.errors", AUTH, "at most 0.8% (4 of 502)", "below 5% for 5m", Severity.HIGH)
    yield Finding(
        check="service.table.throttles",
        component=CUSTOMERS,
        subject="customers",
        status=Status.NOT_APPLICABLE,
        severity=Severity.HIGH,
        proof=Proof.POPULATION,
        summary="CloudWatch knows of no request in the window",
        evidence=_digest("service.table.throttles" + CUSTOMERS),
    )


def _broken() -> Iterator[Finding]:
    yield Finding(
        check="backup.aurora.rpo",
        component=CLUSTER,
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        proof=Proof.CONFIGURATION,
        summary="the cluster can only be restored to 3h12m ago",
        observed="latest restorable time 2026-03-01 08:48 UTC",
        expected="within 1h of 2026-03-01 12:00 UTC",
        remedy="look at the cluster's events for a failed backup, and restore into a second cluster now",
        controls=("nist-800-53:CP-9", "soc2:A1.2"),
        evidence=_digest("backup.aurora.rpo" + CLUSTER),
    )
    yield Finding(
        check="tenancy.rls.coverage",
        component=DATABASE,
        subject=HOSTILE,
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        proof=Proof.CONFIGURATION,
        summary=f"{HOSTILE} is not under row-level security",
        observed=f"row-level security off; owner {HOSTILE}",
        expected="enabled and forced, with a policy for every command",
        remedy=f"ALTER TABLE {HOSTILE} ENABLE ROW LEVEL SECURITY",
        controls=("nist-800-53:AC-3",),
        evidence=_digest("tenancy.rls.coverage" + DATABASE),
    )
    yield Finding(
        check="service.function.latency",
        component=AUTH,
        subject="auth-v2",
        status=Status.FAIL,
        severity=Severity.HIGH,
        proof=Proof.POPULATION,
        summary="the 95th percentile of duration was above the limit for 24m, and reached 201ms",
        observed="201ms at most, above the limit for 24m from 2026-03-01 09:58 UTC",
        expected="below 100ms for 5m",
        remedy="read the function's log group for these minutes, and roll back what was deployed before them",
        evidence=_digest("service.function.latency" + AUTH),
    )


def _doubtful() -> Iterator[Finding]:
    for check, component, reason, summary, remedy in (
        (
            "backup.dynamodb.pitr",
            INVOICES,
            Reason.DENIED,
            "the reader may not ask DynamoDB about backups of this table",
            "grant dynamodb:DescribeContinuousBackups on the table to basewatch-reader",
        ),
        (
            "tenancy.probe.cross_tenant",
            DATABASE,
            Reason.TIMEOUT,
            "the probe waited 30s for a lock and gave up",
            "run again when the migration is through",
        ),
        (
            "service.function.errors",
            BILLING,
            Reason.NOT_ENOUGH_DATA,
            "CloudWatch has errors for only 12 of 360 minutes in which there should be some",
            "run again when CloudWatch has caught up; if it stays, look at AWS Health",
        ),
        ("backup.dump.freshness", DUMPS, Reason.BUG, "KeyError: 'Contents'", "report this with the run's id"),
    ):
        yield Finding(
            check=check,
            component=component,
            status=Status.UNVERIFIED,
            severity=Severity.HIGH if check != "tenancy.probe.cross_tenant" else Severity.CRITICAL,
            proof=Proof.BEHAVIOUR if "probe" in check else Proof.CONFIGURATION,
            summary=summary,
            reason=reason,
            remedy=remedy,
        )


def _pairs(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((finding.check, finding.component) for finding in findings))


def _evidence(findings: tuple[Finding, ...]) -> Iterator[Evidence]:
    observed: dict[str, Finding] = {finding.evidence: finding for finding in findings if finding.evidence}
    for digest, finding in observed.items():
        database = finding.component.startswith("database/")
        yield Evidence(
            digest=digest,
            observation=f"checks.{finding.check}",
            component=finding.component,
            facts={"subject": finding.subject, "observed": finding.observed, "count": 7, "missing": None},
            source="postgresql:securebase" if database else "aws:123456789012/us-east-1",
            principal="basewatch_verifier" if database else ARN,
            requests=("pg_policies", "pg_class") if database else ("rds:DescribeDBClusters 7a0c52f4",),
            observed_at=END + timedelta(seconds=3),
        )


def _previous() -> Iterator[Finding]:
    yield from (finding for finding in _findings() if finding.check != "service.function.latency")
    yield _passed("backup.dynamodb.pitr", "table/retired", "35d", "at least 35d", Severity.HIGH)


def _transitions(findings: tuple[Finding, ...]) -> Iterator[Transition]:
    before = {
        ("service.function.latency", AUTH): Status.PASS,
        ("tenancy.probe.cross_tenant", DATABASE): Status.FAIL,
        ("service.api.latency", API): Status.FAIL,
        ("backup.dynamodb.pitr", CUSTOMERS): Status.UNVERIFIED,
    }
    for finding in findings:
        if (finding.check, finding.component) in before:
            status = before[finding.check, finding.component]
            yield Transition(finding=finding, previous=status, at=END + timedelta(seconds=41))


def _series() -> Iterator[Series]:
    def wave(low: float, high: float, turn: int) -> list[float]:
        return [low + (high - low) * (0.5 + 0.5 * math.sin((minute + turn) / 23)) for minute in range(360)]

    duration = [
        value + (0.16 * math.sin((minute - 238) / 24 * math.pi) if 238 <= minute < 262 else 0)
        for minute, value in enumerate(wave(0.041, 0.072, 0))
    ]
    yield _of("aws_lambda_duration_seconds", duration, ("function_name", "auth-v2"), ("quantile", "0.95"))
    yield _of("aws_lambda_invocations_total", wave(80, 260, 10), ("function_name", "auth-v2"))
    yield _of("aws_lambda_errors_total", wave(0, 2.4, 40), ("function_name", "auth-v2"))
    yield _of(
        "aws_apigateway_latency_seconds", wave(0.18, 0.31, 5), ("api", "securebase-production"), ("quantile", "0.95")
    )
    yield _of("aws_apigateway_server_errors_total", wave(0, 70, 90), ("api", "securebase-production"))
    yield _of("aws_rds_proxy_borrowed_connections", wave(22, 61.3, 30), ("proxy_name", "securebase-production-proxy"))
    yield _of("aws_rds_proxy_max_database_connections", [100.0] * 360, ("proxy_name", "securebase-production-proxy"))


def _of(name: str, values: list[float], *labels: tuple[str, str]) -> Series:
    gap = range(120, 150) if name.startswith("aws_apigateway") else range(0)
    return Series(
        name=name,
        labels=(("aws_account_id", "123456789012"), ("aws_region", "us-east-1"), *labels),
        period=MINUTE,
        points=tuple(
            Point(period_end=WINDOW.start + (minute + 1) * MINUTE, value=value)
            for minute, value in enumerate(values)
            if minute not in gap
        ),
    )
