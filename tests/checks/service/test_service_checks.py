"""Proves each service check on facts as CloudWatch gives them, from the observation to the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.check import AnyCheck
from basewatch.components import Api, AuroraCluster, Component, Function, Table
from basewatch.errors import CouldNotLook
from basewatch.facts import from_json, to_json
from basewatch.metrics import Collected, Gap, Metrics, Reading
from basewatch.model import Point, Reason, Series, Status, Verdict, Window
from checks.service import CHECKS

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BY_ID = {check.id: check for check in CHECKS}

AUTH = Function.model_validate({"name": "auth", "errors_below": "5% for 5m", "p95_below": "100ms for 5m"})
FRONT = Api.model_validate(
    {"name": "front", "stage": "prod", "p95_below": "500ms for 5m", "server_errors_below": "10/s for 3m"}
)
CUSTOMERS = Table.model_validate({"name": "customers", "throttled_below": "1/min for 5m"})
CLUSTER = AuroraCluster.model_validate(
    {
        "name": "db",
        "backup": {"retention": "35d", "rpo": "1h"},
        "proxy": {"name": "db-proxy", "pool_use_below": "90% for 1m"},
    }
)
MADE: dict[str, Component] = {
    "service.function.errors": AUTH,
    "service.function.latency": AUTH,
    "service.api.latency": FRONT,
    "service.api.server_errors": FRONT,
    "service.table.throttles": CUSTOMERS,
    "service.proxy.pool_use": CLUSTER,
}
UNPROMISED: tuple[Component, ...] = (
    Function(name="auth"),
    Api(name="front", stage="prod"),
    Table(name="customers"),
    CLUSTER.model_copy(update={"proxy": None}),
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


def collected(component: Component, metrics: Mapping[str, Values]) -> Collected:
    """A collection of these metrics of a component, minute by minute."""
    length = max(len(values) for values in metrics.values())
    readings = tuple(
        Reading(
            component=component.ref,
            series=Series(
                name=name,
                labels=(("quantile", "0.95"),) if name in (DURATION, LATENCY) else (),
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
    return Collected(window=Window(start=START, end=START + MINUTE * length), readings=readings)


def judged(check: str, metrics: Mapping[str, Values]) -> Verdict:
    """The one verdict, from facts that went through JSON as evidence does."""
    one: AnyCheck = BY_ID[check]
    component = MADE[check]
    facts = one.observe(Metrics(collected(component, metrics)), component)
    again = from_json(one.facts_kind, to_json(one.facts_kind, facts))
    assert again == facts
    (verdict,) = one.judge(again, component, START + timedelta(hours=1))
    return verdict


def flat(value: float | None, *, minutes: int = 10) -> Values:
    """The same for ten minutes."""
    return [value] * minutes


def burst(usual: float | None, value: float, minutes: int) -> Values:
    """Twenty minutes of which some in the middle are different."""
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
    "invocations without errors known": (
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
    "ran, but nobody knows how fast": (
        "service.function.latency",
        {INVOCATIONS: flat(9), DURATION: flat(None)},
        Status.UNVERIFIED,
    ),
    "an API that is fast": ("service.api.latency", {REQUESTS: flat(900), LATENCY: flat(0.5)}, Status.PASS),
    "an API that is slow": ("service.api.latency", {REQUESTS: flat(900), LATENCY: flat(0.501)}, Status.FAIL),
    "an API nobody calls": ("service.api.latency", {REQUESTS: flat(None), LATENCY: flat(None)}, Status.NOT_APPLICABLE),
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
    "a table nobody uses, or that is not there": (
        "service.table.throttles",
        {READS: flat(None), WRITES: flat(None), THROTTLED_READS: flat(None), THROTTLED_WRITES: flat(None)},
        Status.NOT_APPLICABLE,
    ),
    "room in the pool": ("service.proxy.pool_use", {BORROWED: flat(90), ALLOWED: flat(100)}, Status.PASS),
    "no room for a minute": (
        "service.proxy.pool_use",
        {BORROWED: burst(9, 91, 1), ALLOWED: flat(100, minutes=20)},
        Status.FAIL,
    ),
    "a silent proxy": ("service.proxy.pool_use", {BORROWED: flat(None), ALLOWED: flat(None)}, Status.UNVERIFIED),
    "a proxy that may have none": ("service.proxy.pool_use", {BORROWED: flat(9), ALLOWED: flat(0)}, Status.UNVERIFIED),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_verdict(case: str) -> None:
    """Each situation is judged as a person who reads the promise would."""
    check, metrics, status = CASES[case]
    assert judged(check, metrics).status is status


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_data_at_all_is_never_green(check: AnyCheck) -> None:
    """Silence is what an absent function or table sounds like."""
    names = next(metrics for of, metrics, _ in CASES.values() if of == check.id)
    assert judged(check.id, {name: flat(None) for name in names}).status in (Status.NOT_APPLICABLE, Status.UNVERIFIED)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_was_not_collected_is_not_judged(check: AnyCheck) -> None:
    """A gap reaches the runner with its own reason, for every check."""
    component = MADE[check.id]
    gap = Gap(collector="c", component=component.ref, reason=Reason.THROTTLED, detail="throttled")
    with pytest.raises(CouldNotLook) as raised:
        check.observe(Metrics(Collected(window=Window(start=START, end=START + MINUTE), gaps=(gap,))), component)
    assert raised.value.reason is Reason.THROTTLED


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_only_who_promised_is_judged(check: AnyCheck) -> None:
    """A component that promises nothing of the kind is not expected to be judged."""
    assert check.concerns(MADE[check.id])
    (silent,) = (component for component in UNPROMISED if isinstance(component, check.component))
    assert not check.concerns(silent)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_service_check_reads_metrics_alone(check: AnyCheck) -> None:
    """One permission is enough for all of them."""
    assert check.client_kind is Metrics
    assert check.needs == ("cloudwatch:GetMetricData",)


@pytest.mark.parametrize(
    ("case", "observed", "expected"),
    [
        (
            "errors for five minutes",
            "20% (100 of 500) in 5m from 2026-05-04 06:07 UTC",
            "the share of invocations that fail below 5% for 5m",
        ),
        (
            "slow for five minutes",
            "101ms at most, above the limit for 5m from 2026-05-04 06:07 UTC",
            "p95 of the duration below 100ms for 5m",
        ),
        (
            "more than ten errors a second",
            "10.02/s at most, above the limit for 3m from 2026-05-04 06:07 UTC",
            "the rate of server errors below 10/s for 3m",
        ),
        (
            "reads and writes throttled, one each a minute",
            "2/min at most, above the limit for 10m from 2026-05-04 06:00 UTC",
            "the rate of throttled requests below 1/min for 5m",
        ),
        (
            "no room for a minute",
            "91% at most, above the limit for 1m from 2026-05-04 06:07 UTC",
            "pool use below 90% for 1m",
        ),
    ],
)
def test_a_finding_speaks_the_unit_of_its_promise(case: str, observed: str, expected: str) -> None:
    """What was seen is written as the promise is, so that the two can be compared at a glance."""
    verdict = judged(*CASES[case][:2])
    assert (verdict.observed, verdict.expected) == (observed, expected)
