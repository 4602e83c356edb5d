"""Each service check on metrics as CloudWatch returns them, from the observation to the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.check import AnyCheck
from basewatch.components import (
    Api,
    AuroraCluster,
    BackupVault,
    CacheCluster,
    Component,
    EventRule,
    Function,
    Queue,
    Slo,
    Table,
)
from basewatch.errors import ObservationError
from basewatch.facts import from_json, to_json
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, MetricsClient
from basewatch.model import Reason, Status, Verdict, Window
from basewatch.series import Point, Series
from checks import service

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# Failed logins are counted in the database; test_logins.py tests them.
CHECKS = tuple(check for check in service.CHECKS if check.id != "service.database.failed_logins")
BY_ID = {check.id: check for check in CHECKS}

AUTH = Function.model_validate(
    {"name": "auth", "errors_below": "5% for 5m", "p95_below": "100ms for 5m", "throttled_below": "1% for 5m"}
)
FRONT = Api.model_validate(
    {
        "name": "front",
        "stage": "prod",
        "p95_below": "500ms for 5m",
        "server_errors_below": "10/s for 3m",
        "client_errors_below": "10% for 5m",
    }
)
CACHE = CacheCluster.model_validate({"name": "cache", "hits_above": "80% for 5m"})
LETTERS = Queue.model_validate({"name": "letters", "oldest_below": "15m for 5m"})
RULE = EventRule.model_validate({"name": "often", "every": "5m"})
VAULT = BackupVault.model_validate({"name": "vault", "no_failed_jobs": True})
LASTING = Slo.model_validate({"name": "front-up", "of": FRONT.ref, "sli": "availability", "objective": "99.9%"})
CUSTOMERS = Table.model_validate({"name": "customers", "throttled_below": "1/min for 5m"})
CLUSTER = AuroraCluster.model_validate(
    {
        "name": "db",
        "backup": {"retention": "35d", "rpo": "1h"},
        "proxy": {"name": "db-proxy", "pool_use_below": "90% for 1m", "borrow_latency_below": "100ms for 5m"},
        "instances": ["db-1"],
        "acu_use_below": "80% for 5m",
        "cpu_below": "90% for 5m",
        "load_below": "2 for 5m",
        "connections_below": "640 for 5m",
        "read_latency_below": "20ms for 5m",
        "write_latency_below": "20ms for 5m",
        "replica_lag_below": "1s for 5m",
    }
)
COMPONENTS: dict[str, Component] = {
    "service.function.errors": AUTH,
    "service.function.throttles": AUTH,
    "service.function.latency": AUTH,
    "service.api.latency": FRONT,
    "service.api.server_errors": FRONT,
    "service.api.client_errors": FRONT,
    "service.table.throttles": CUSTOMERS,
    "service.cache.hits": CACHE,
    "service.queue.oldest": LETTERS,
    "service.rule.triggers": RULE,
    "service.vault.jobs": VAULT,
    "service.proxy.pool_use": CLUSTER,
    "service.proxy.borrow_latency": CLUSTER,
    "service.aurora.cpu": CLUSTER,
    "service.aurora.acu_use": CLUSTER,
    "service.aurora.load": CLUSTER,
    "service.aurora.connections": CLUSTER,
    "service.aurora.read_latency": CLUSTER,
    "service.aurora.write_latency": CLUSTER,
    "service.aurora.replica_lag": CLUSTER.model_copy(update={"instances": ("db-1", "db-2")}),
    "service.slo.burn": LASTING,
}
UNPROMISED: tuple[Component, ...] = (
    Function(name="auth"),
    Api(name="front", stage="prod"),
    Table(name="customers"),
    CacheCluster(name="cache"),
    Queue(name="letters"),
    EventRule(name="often"),
    BackupVault(name="vault"),
    AuroraCluster.model_validate({"name": "db", "backup": {"retention": "35d", "rpo": "1h"}}),
)

Values = list[float | None]
INVOCATIONS, ERRORS = "aws_lambda_invocations_total", "aws_lambda_errors_total"
DURATION, REQUESTS = "aws_lambda_duration_seconds", "aws_apigateway_requests_total"
LATENCY, FAILED = "aws_apigateway_latency_seconds", "aws_apigateway_server_errors_total"
READS, WRITES = "aws_dynamodb_consumed_read_capacity_units_total", "aws_dynamodb_consumed_write_capacity_units_total"
THROTTLED_READS, THROTTLED_WRITES = (
    "aws_dynamodb_read_throttle_events_total",
    "aws_dynamodb_write_throttle_events_total",
)
BORROWED, ALLOWED = "aws_rds_proxy_borrowed_connections", "aws_rds_proxy_max_database_connections"
THROTTLES, REFUSED = "aws_lambda_throttles_total", "aws_apigateway_client_errors_total"
HITS, MISSES = "aws_dax_item_cache_hits_total", "aws_dax_item_cache_misses_total"
AGE, DONE, BROKEN = (
    "aws_sqs_oldest_message_age_seconds",
    "aws_backup_jobs_completed_total",
    "aws_backup_jobs_failed_total",
)
TRIGGERS, UNDELIVERED = "aws_events_triggered_rules_total", "aws_events_failed_invocations_total"
CPU, LOAD = "aws_rds_cpu_utilization_ratio", "aws_rds_db_load_active_sessions"
ACU, BORROWING = "aws_rds_acu_utilization_ratio", "aws_rds_proxy_borrow_latency_seconds"
CONNECTIONS, LAG = "aws_rds_database_connections_max", "aws_rds_replica_lag_seconds"
READ_TIME, WRITE_TIME = "aws_rds_read_latency_seconds", "aws_rds_write_latency_seconds"


def collected(component: Component, metrics: Mapping[str, Values]) -> CollectedMetrics:
    """These metrics of a component, minute by minute; a name can be followed by the number of an instance."""
    length = max(len(values) for values in metrics.values())
    readings = tuple(
        CollectedSeries(
            component=component.of if isinstance(component, Slo) else component.ref,
            series=Series(
                name=name.split()[0],
                labels=(
                    *((("quantile", "0.95"),) if name in (DURATION, LATENCY) else ()),
                    ("db_instance", "db-" + ([*name.split(), "1"][1])),
                ),
                period=MINUTE,
                points=tuple(
                    Point(period_end=START + MINUTE * (minute + 1), value=value)
                    for minute, value in enumerate(values)
                    if value is not None
                ),
            ),
        )
        for name, values in metrics.items()
    )
    return CollectedMetrics(window=Window(start=START, end=START + MINUTE * length), collected_series=readings)


def judged(check: str, metrics: Mapping[str, Values]) -> Verdict:
    """The one verdict, or that of the last instance, from facts that were converted to JSON and back like evidence."""
    one: AnyCheck = BY_ID[check]
    component = component_of(check)
    facts = one.observe(MetricsClient(collected(component, metrics)), component)
    parsed = from_json(one.facts_type, to_json(one.facts_type, facts))
    assert parsed == facts
    *_, verdict = one.judge(parsed, component, START + timedelta(hours=1))
    return verdict


def component_of(check: str) -> Component:
    """The component that the tests of this check use."""
    assert check in COMPONENTS, f"add a component with the promise of {check} to COMPONENTS in this module"
    return COMPONENTS[check]


def flat(value: float | None, *, minutes: int = 10) -> Values:
    """The same value in each of ten minutes."""
    return [value] * minutes


def burst(usual: float | None, value: float, minutes: int) -> Values:
    """Twenty minutes, some of which in the middle have another value."""
    return [*flat(usual, minutes=7), *flat(value, minutes=minutes), *flat(usual, minutes=13 - minutes)]


CASES: dict[str, tuple[str, dict[str, Values], Status]] = {
    "few errors": ("service.function.errors", {INVOCATIONS: flat(100), ERRORS: flat(1)}, Status.PASS),
    "errors for five minutes": (
        "service.function.errors",
        {INVOCATIONS: flat(100, minutes=20), ERRORS: burst(0, 20, 5)},
        Status.FAIL,
    ),
    "errors at the limit": ("service.function.errors", {INVOCATIONS: flat(100), ERRORS: flat(5)}, Status.PASS),
    "one failure of a rare function": (
        "service.function.errors",
        {INVOCATIONS: [*flat(None, minutes=8), 1.0], ERRORS: [*flat(None, minutes=8), 1.0]},
        Status.FAIL,
    ),
    "one failure among few in a busy window": (
        "service.function.errors",
        {INVOCATIONS: [*flat(3, minutes=5), *flat(100)], ERRORS: [1.0, *flat(0, minutes=14)]},
        Status.PASS,
    ),
    "no invocations": ("service.function.errors", {INVOCATIONS: flat(None), ERRORS: flat(None)}, Status.NOT_APPLICABLE),
    "invocations with missing errors": (
        "service.function.errors",
        {INVOCATIONS: flat(100), ERRORS: [*flat(None, minutes=8), 0.0, 0.0]},
        Status.UNVERIFIED,
    ),
    "fast": ("service.function.latency", {INVOCATIONS: flat(9), DURATION: flat(0.099)}, Status.PASS),
    "slow for five minutes": (
        "service.function.latency",
        {INVOCATIONS: flat(9, minutes=20), DURATION: burst(0.02, 0.101, 5)},
        Status.FAIL,
    ),
    "slow for four minutes": (
        "service.function.latency",
        {INVOCATIONS: flat(9, minutes=20), DURATION: burst(0.02, 0.3, 4)},
        Status.PASS,
    ),
    "fast in the one minute it ran": (
        "service.function.latency",
        {INVOCATIONS: [*flat(None, minutes=9), 1.0], DURATION: [*flat(None, minutes=9), 0.05]},
        Status.PASS,
    ),
    "invocations with missing durations": (
        "service.function.latency",
        {INVOCATIONS: flat(9), DURATION: flat(None)},
        Status.UNVERIFIED,
    ),
    "one throttled call in a thousand": (
        "service.function.throttles",
        {INVOCATIONS: flat(999), THROTTLES: flat(1)},
        Status.PASS,
    ),
    "throttled, and nothing ran": (
        "service.function.throttles",
        {INVOCATIONS: flat(None), THROTTLES: flat(50)},
        Status.FAIL,
    ),
    "throttled for five minutes": (
        "service.function.throttles",
        {INVOCATIONS: flat(98, minutes=20), THROTTLES: burst(0, 2, 5)},
        Status.FAIL,
    ),
    "no calls": ("service.function.throttles", {INVOCATIONS: flat(None), THROTTLES: flat(None)}, Status.NOT_APPLICABLE),
    "few client errors": ("service.api.client_errors", {REQUESTS: flat(100), REFUSED: flat(10)}, Status.PASS),
    "many client errors": (
        "service.api.client_errors",
        {REQUESTS: flat(100, minutes=20), REFUSED: burst(1, 11, 5)},
        Status.FAIL,
    ),
    "client errors missing": (
        "service.api.client_errors",
        {REQUESTS: flat(100), REFUSED: flat(None)},
        Status.UNVERIFIED,
    ),
    "a warm cache": ("service.cache.hits", {HITS: flat(80), MISSES: flat(20)}, Status.PASS),
    "a cache that always hits": ("service.cache.hits", {HITS: flat(80), MISSES: flat(0)}, Status.PASS),
    "a cold cache for five minutes": (
        "service.cache.hits",
        {HITS: burst(90, 79, 5), MISSES: burst(10, 21, 5)},
        Status.FAIL,
    ),
    "a cold cache for four minutes": (
        "service.cache.hits",
        {HITS: burst(95, 79, 4), MISSES: burst(5, 21, 4)},
        Status.PASS,
    ),
    "hits with missing misses": ("service.cache.hits", {HITS: flat(80), MISSES: flat(None)}, Status.UNVERIFIED),
    "a cache without lookups": ("service.cache.hits", {HITS: flat(None), MISSES: flat(None)}, Status.NOT_APPLICABLE),
    "an empty queue": ("service.queue.oldest", {AGE: flat(0)}, Status.PASS),
    "a message at the age limit": ("service.queue.oldest", {AGE: flat(900)}, Status.PASS),
    "an old message": ("service.queue.oldest", {AGE: burst(0, 901, 5)}, Status.FAIL),
    "an idle queue": ("service.queue.oldest", {AGE: flat(None)}, Status.NOT_APPLICABLE),
    "a punctual rule": (
        "service.rule.triggers",
        {TRIGGERS: [None, None, 1, None, None, None, None, None, 1, None], UNDELIVERED: flat(None)},
        Status.PASS,
    ),
    "a rule that is late": (
        "service.rule.triggers",
        {TRIGGERS: [None, None, 1, None, None, None, None, None, None, 1], UNDELIVERED: flat(None)},
        Status.FAIL,
    ),
    "a rule that stopped": (
        "service.rule.triggers",
        {TRIGGERS: [1, None, 1, *flat(None, minutes=8)], UNDELIVERED: flat(None)},
        Status.FAIL,
    ),
    "a rule that never triggers": (
        "service.rule.triggers",
        {TRIGGERS: flat(None), UNDELIVERED: flat(None)},
        Status.FAIL,
    ),
    "a rule with a failed invocation": (
        "service.rule.triggers",
        {TRIGGERS: flat(1), UNDELIVERED: burst(None, 1, 1)[:10]},
        Status.FAIL,
    ),
    "a rule in a window of five minutes": (
        "service.rule.triggers",
        {TRIGGERS: flat(None, minutes=5), UNDELIVERED: flat(None, minutes=5)},
        Status.UNVERIFIED,
    ),
    "every job completed": ("service.vault.jobs", {DONE: flat(1), BROKEN: flat(None)}, Status.PASS),
    "one job failed": ("service.vault.jobs", {DONE: flat(1), BROKEN: [1.0, *flat(None, minutes=9)]}, Status.FAIL),
    "no job": ("service.vault.jobs", {DONE: flat(None), BROKEN: flat(None)}, Status.UNVERIFIED),
    "capacity units at their limit": ("service.aurora.acu_use", {ACU: flat(0.8)}, Status.PASS),
    "capacity units above it": ("service.aurora.acu_use", {ACU: burst(0.4, 0.9, 5)}, Status.FAIL),
    "capacity units without data": ("service.aurora.acu_use", {ACU: flat(None)}, Status.UNVERIFIED),
    "a proxy that is quick": ("service.proxy.borrow_latency", {BORROWING: flat(0.001), BORROWED: flat(3)}, Status.PASS),
    "a slow proxy": (
        "service.proxy.borrow_latency",
        {BORROWING: burst(0.001, 0.3, 5), BORROWED: flat(3)},
        Status.FAIL,
    ),
    "a proxy that nobody uses": (
        "service.proxy.borrow_latency",
        {BORROWING: flat(None), BORROWED: flat(0)},
        Status.NOT_APPLICABLE,
    ),
    "a silent proxy in use": (
        "service.proxy.borrow_latency",
        {BORROWING: flat(None), BORROWED: flat(3)},
        Status.UNVERIFIED,
    ),
    "a silent proxy": (
        "service.proxy.borrow_latency",
        {BORROWING: flat(None), BORROWED: flat(None)},
        Status.UNVERIFIED,
    ),
    "a CPU at its limit": ("service.aurora.cpu", {CPU: flat(0.9)}, Status.PASS),
    "a CPU above its limit": ("service.aurora.cpu", {CPU: burst(0.4, 0.91, 5)}, Status.FAIL),
    "an instance without data": ("service.aurora.cpu", {CPU: flat(None)}, Status.UNVERIFIED),
    "load at the limit": ("service.aurora.load", {LOAD: flat(2)}, Status.PASS),
    "load above the limit": ("service.aurora.load", {LOAD: burst(0.4, 2.1, 5)}, Status.FAIL),
    "few connections": ("service.aurora.connections", {CONNECTIONS: flat(640)}, Status.PASS),
    "many connections": ("service.aurora.connections", {CONNECTIONS: burst(20, 641, 5)}, Status.FAIL),
    "fast reads": ("service.aurora.read_latency", {READ_TIME: flat(0.0012)}, Status.PASS),
    "slow reads": ("service.aurora.read_latency", {READ_TIME: burst(0.0012, 0.021, 5)}, Status.FAIL),
    "fast writes": ("service.aurora.write_latency", {WRITE_TIME: flat(0.0021)}, Status.PASS),
    "slow writes": ("service.aurora.write_latency", {WRITE_TIME: burst(0.0021, 0.021, 5)}, Status.FAIL),
    "a reader with a small lag": ("service.aurora.replica_lag", {LAG: flat(None), f"{LAG} 2": flat(0.02)}, Status.PASS),
    "a reader with a large lag": (
        "service.aurora.replica_lag",
        {LAG: flat(None, minutes=20), f"{LAG} 2": burst(0.02, 1.1, 5)},
        Status.FAIL,
    ),
    "a writer": ("service.aurora.replica_lag", {LAG: flat(0.02), f"{LAG} 2": flat(None)}, Status.NOT_APPLICABLE),
    "two instances without data": (
        "service.aurora.replica_lag",
        {LAG: flat(None), f"{LAG} 2": flat(None)},
        Status.UNVERIFIED,
    ),
    "a budget without its past": ("service.slo.burn", {REQUESTS: flat(900), FAILED: flat(0)}, Status.UNVERIFIED),
    "a budget that burns": (
        "service.slo.burn",
        {REQUESTS: flat(900, minutes=60), FAILED: flat(14, minutes=60)},
        Status.FAIL,
    ),
    "too few requests for a budget": ("service.slo.burn", {REQUESTS: flat(9), FAILED: flat(9)}, Status.UNVERIFIED),
    "a budget without events": (
        "service.slo.burn",
        {REQUESTS: flat(None), FAILED: flat(None)},
        Status.NOT_APPLICABLE,
    ),
    "an API that is fast": ("service.api.latency", {REQUESTS: flat(900), LATENCY: flat(0.5)}, Status.PASS),
    "an API that is slow": ("service.api.latency", {REQUESTS: flat(900), LATENCY: flat(0.501)}, Status.FAIL),
    "an API without requests": (
        "service.api.latency",
        {REQUESTS: flat(None), LATENCY: flat(None)},
        Status.NOT_APPLICABLE,
    ),
    "ten errors a second": ("service.api.server_errors", {REQUESTS: flat(9000), FAILED: flat(600)}, Status.PASS),
    "more than ten errors a second": (
        "service.api.server_errors",
        {REQUESTS: flat(9000, minutes=20), FAILED: burst(0, 601, 3)},
        Status.FAIL,
    ),
    "more than ten for two minutes": (
        "service.api.server_errors",
        {REQUESTS: flat(9000, minutes=20), FAILED: burst(0, 6000, 2)},
        Status.PASS,
    ),
    "no throttling": (
        "service.table.throttles",
        {READS: flat(9), WRITES: flat(1), THROTTLED_READS: flat(None), THROTTLED_WRITES: flat(None)},
        Status.PASS,
    ),
    "reads and writes throttled, one each a minute": (
        "service.table.throttles",
        {READS: flat(9), WRITES: flat(1), THROTTLED_READS: flat(1), THROTTLED_WRITES: flat(1)},
        Status.FAIL,
    ),
    "a table that is unused or absent": (
        "service.table.throttles",
        {READS: flat(None), WRITES: flat(None), THROTTLED_READS: flat(None), THROTTLED_WRITES: flat(None)},
        Status.NOT_APPLICABLE,
    ),
    "a pool at its limit": ("service.proxy.pool_use", {BORROWED: flat(90), ALLOWED: flat(100)}, Status.PASS),
    "a pool above its limit for a minute": (
        "service.proxy.pool_use",
        {BORROWED: burst(9, 91, 1), ALLOWED: flat(100, minutes=20)},
        Status.FAIL,
    ),
    "a proxy without data": ("service.proxy.pool_use", {BORROWED: flat(None), ALLOWED: flat(None)}, Status.UNVERIFIED),
    "a proxy with a maximum of zero": (
        "service.proxy.pool_use",
        {BORROWED: flat(9), ALLOWED: flat(0)},
        Status.UNVERIFIED,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_verdict(case: str) -> None:
    """Each case has the verdict that follows from the text of the promise."""
    check, metrics, status = CASES[case]
    assert judged(check, metrics).status is status


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_data_at_all_never_passes(check: AnyCheck) -> None:
    """An absent function or table has no datapoints either."""
    names = next((metrics for of, metrics, _ in CASES.values() if of == check.id), None)
    assert names is not None, f"add cases of {check.id} to CASES in this module"
    # EventBridge publishes nothing when a rule did not trigger, and that breaks the promise.
    allowed = {Status.FAIL} if check.id == "service.rule.triggers" else {Status.NOT_APPLICABLE, Status.UNVERIFIED}
    assert judged(check.id, {name: flat(None) for name in names}).status in allowed


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_was_not_collected_is_not_judged(check: AnyCheck) -> None:
    """A gap in the collection raises ObservationError with its reason, for every check."""
    component = component_of(check.id)
    of = component.of if isinstance(component, Slo) else component.ref
    gap = CollectionGap(collector="c", component=of, reason=Reason.THROTTLED, detail="throttled")
    with pytest.raises(ObservationError) as raised:
        check.observe(
            MetricsClient(CollectedMetrics(window=Window(start=START, end=START + MINUTE), gaps=(gap,))), component
        )
    assert raised.value.reason is Reason.THROTTLED


@pytest.mark.parametrize("check", [c for c in CHECKS if c.component is not Slo], ids=lambda check: check.id)
def test_only_a_component_with_the_promise_is_judged(check: AnyCheck) -> None:
    """A check does not apply to a component that does not declare its promise."""
    assert check.applies_to(component_of(check.id))
    unpromised = [component for component in UNPROMISED if isinstance(component, check.component)]
    assert len(unpromised) == 1, f"add one {check.component.__name__} without promises to UNPROMISED in this module"
    assert not check.applies_to(unpromised[0])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_service_check_reads_metrics_alone(check: AnyCheck) -> None:
    """One IAM action is enough for all of these checks."""
    assert check.client_type is MetricsClient
    assert check.needs == ("cloudwatch:GetMetricData",)


@pytest.mark.parametrize(
    ("case", "observed", "expected"),
    [
        (
            "errors for five minutes",
            "20% (100 of 500) in 5m from 2026-05-04 06:07 UTC",
            "the ratio of failed invocations below 5% for 5m",
        ),
        (
            "slow for five minutes",
            "peak 101ms, above the limit for 5m from 2026-05-04 06:07 UTC",
            "the p95 duration below 100ms for 5m",
        ),
        (
            "more than ten errors a second",
            "peak 10.02/s, above the limit for 3m from 2026-05-04 06:07 UTC",
            "the rate of server errors below 10/s for 3m",
        ),
        (
            "reads and writes throttled, one each a minute",
            "peak 2/min, above the limit for 10m from 2026-05-04 06:00 UTC",
            "the rate of throttled requests below 1/min for 5m",
        ),
        (
            "a pool above its limit for a minute",
            "peak 91%, above the limit for 1m from 2026-05-04 06:07 UTC",
            "the pool use below 90% for 1m",
        ),
        (
            "throttled for five minutes",
            "2% (10 of 500) in 5m from 2026-05-04 06:07 UTC",
            "the ratio of throttled calls below 1% for 5m",
        ),
        (
            "a cold cache for five minutes",
            "missed 21% (105 of 500) in 5m from 2026-05-04 06:07 UTC",
            "the cache hit ratio above 80% for 5m",
        ),
        (
            "a rule that stopped",
            "2 triggers, 0 failed invocations, at most 8m without a trigger from 2026-05-04 06:03 UTC",
            "a trigger every 5m, and each invokes its target",
        ),
        (
            "one job failed",
            "10 backup jobs completed, 1 backup jobs failed",
            "no failed, expired or aborted job",
        ),
        ("fast reads", "peak 1.2ms in 10 minutes with data", "the read latency below 20ms for 5m"),
        (
            "load above the limit",
            "peak 2.1, above the limit for 5m from 2026-05-04 06:07 UTC",
            "the number of active sessions below 2 for 5m",
        ),
        (
            "a budget that burns",
            "98.4444% good (840 of 54000 events bad) in 1h, 2.16% of the budget of 30d used",
            "99.9% good over 30d",
        ),
    ],
)
def test_a_finding_has_the_unit_of_its_promise(case: str, observed: str, expected: str) -> None:
    """The observed value has the same unit as the promise, so that they can be compared."""
    verdict = judged(*CASES[case][:2])
    assert (verdict.observed, verdict.expected) == (observed, expected)
