"""The load keeps every promise of config.yaml, and each of its faults causes exactly its expected findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels import CHANNEL_TYPES
from basewatch.check import AnyCheck
from basewatch.collector import MetricSpec, MetricTarget
from basewatch.components import Component, Slo
from basewatch.config import config_model
from basewatch.metrics import CollectedMetrics, CollectedSeries, MetricsClient
from basewatch.model import Status, Window
from basewatch.series import Point, Series
from checks.service import CHECKS
from checks.service.past import past_needs
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location, declared_targets
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.load import LOAD_FAULTS
from demo.load import DISTURBANCES, PREFIX, Load
from workflows.past_metrics import past_targets

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONFIG = config_model(CHANNEL_TYPES).model_validate(
    yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8"))
)
# Metrics without datapoints in the sandbox: errors that do not occur, a stage without a cache, functions without a
# stream, on-demand tables, and the replica lag of the writer.
WITHOUT_DATAPOINTS = {
    "aws_apigateway_cache_hits_total",
    "aws_apigateway_cache_misses_total",
    "aws_backup_copy_jobs_failed_total",
    "aws_backup_jobs_aborted_total",
    "aws_backup_jobs_expired_total",
    "aws_backup_jobs_failed_total",
    "aws_backup_recovery_points_partial_total",
    "aws_dynamodb_provisioned_read_capacity_units",
    "aws_dynamodb_provisioned_write_capacity_units",
    "aws_dynamodb_read_throttle_events_total",
    "aws_dynamodb_system_errors_total",
    "aws_dynamodb_throttled_requests_total",
    "aws_dynamodb_write_throttle_events_total",
    "aws_events_failed_invocations_total",
    "aws_events_throttled_rules_total",
    "aws_lambda_dead_letter_errors_total",
    "aws_lambda_iterator_age_max_seconds",
    "aws_rds_replica_lag_seconds",
}


HOUR = timedelta(hours=1)
TARGETS, _ = declared_targets(
    COLLECTORS, CONFIG.components, lambda _: Location(account_id="123456789012", region="us-east-1")
)
OBJECTIVES_OF = {component.of for component in CONFIG.components if isinstance(component, Slo)}
NEEDS = tuple(need for component in CONFIG.components for need in past_needs(component))


def reading(load: Load, target: MetricTarget, spec: MetricSpec, start: datetime, end: datetime) -> CollectedSeries:
    """One series of this load. CloudWatch's periods are aligned to the epoch, and those count that end in the time."""
    last = end - (end - EPOCH) % spec.period
    starts = (last - back * spec.period for back in range((end - start) // spec.period, 0, -1))
    values = (
        (
            at,
            load.value(
                spec.namespace, spec.metric, target.resource.dimensions, spec.statistic, period=spec.period, at=at
            ),
        )
        for at in starts
    )
    return CollectedSeries(
        component=target.resource.component,
        series=Series(
            name=spec.series_name,
            labels=(*target.resource.labels, *spec.labels),
            period=spec.period,
            points=tuple(
                Point(period_end=at + spec.period, value=value * spec.scale)
                for at, value in values
                if value is not None
            ),
        ),
    )


@cache
def past(end: datetime) -> tuple[CollectedSeries, ...]:
    """The past that the checks need; no disturbance reaches so far back."""
    load = Load()
    return tuple(
        reading(load, target, spec, end - length, end)
        for length, targets in past_targets(TARGETS, NEEDS).items()
        for target in targets
        for spec in target.specs
    )


def collected(load: Load, end: datetime, length: timedelta = HOUR, warm_up: timedelta = 7 * HOUR) -> CollectedMetrics:
    """The metrics that the collectors read from this load, with the past that checks need.

    Only objectives need more than an hour of minutes before the window.
    """

    def start(component: str) -> timedelta:
        return length + (warm_up if component in OBJECTIVES_OF else min(warm_up, HOUR))

    return CollectedMetrics(
        window=Window(start=end - length, end=end),
        collected_series=tuple(
            reading(load, target, spec, end - start(target.resource.component), end)
            for target in TARGETS
            for spec in target.specs
            if not warm_up or (target.resource.component, spec.series_name) in READ
        ),
        past_series=past(end) if warm_up else (),
        warm_up=warm_up,
    )


class Recording(MetricsClient):
    """A metrics client that records which series are read."""

    def __init__(self, collected: CollectedMetrics) -> None:
        super().__init__(collected)
        self.read = set[tuple[str, str]]()

    def series(self, component: str, family: str, **labels: str) -> Series:
        """One series; its name is recorded."""
        self.read.add((component, family))
        return super().series(component, family, **labels)

    def all_series(self, component: str, family: str) -> tuple[Series, ...]:
        """Several series; their name is recorded."""
        self.read.add((component, family))
        return super().all_series(component, family)


def read() -> set[tuple[str, str]]:
    """The series that the service checks read, by component and name; only these need hours of datapoints."""
    metrics = Recording(collected(Load(), NOON, timedelta(minutes=5), timedelta()))
    for check, component in planned():
        check.observe(metrics, component)
    return metrics.read


def planned() -> Iterator[tuple[AnyCheck, Component]]:
    """Every pair of a service check on metrics and a component with its promise."""
    for check in CHECKS:
        if check.client_type is MetricsClient:
            yield from ((check, each) for each in CONFIG.components if is_planned(check, each))


def is_planned(check: AnyCheck, component: Component) -> bool:
    """Whether the component declares a promise that the check judges."""
    return isinstance(component, check.component) and check.applies_to(component)


READ = read()
# The writer has no replica lag.
WRITER = ExpectedFinding(
    check="service.aurora.replica_lag",
    component=f"aurora_cluster/{PREFIX}",
    subject=f"{PREFIX}-1",
    status=Status.NOT_APPLICABLE,
)


def found(metrics: CollectedMetrics) -> set[ExpectedFinding]:
    """Every finding that is not PASS, except that of the writer."""
    found = {
        ExpectedFinding(check=check.id, component=component.ref, subject=verdict.subject, status=verdict.status)
        for check, component in planned()
        for verdict in check.judge(check.observe(MetricsClient(metrics), component), component, metrics.window.end)
        if verdict.status is not Status.PASS
    }
    assert WRITER in found
    return found - {WRITER}


@settings(max_examples=10)
@given(st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds
def test_an_undisturbed_load_keeps_every_promise(end: datetime) -> None:
    """At every time, every service check passes until a fault is injected."""
    assert found(collected(Load(), end.replace(second=0, microsecond=0))) == set()


@pytest.mark.parametrize("fault", LOAD_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("hour", [2, 14])
def test_a_fault_causes_exactly_what_it_expects(fault: Fault, hour: int) -> None:
    """At the quietest and at the busiest hour a fault causes exactly its findings, and its repair removes them."""
    now = NOON.replace(hour=hour)
    load = Load(now=lambda: now)
    sandbox = cast("Sandbox", SimpleNamespace(load=load))
    fault.apply(sandbox)
    # The collectors read up to three minutes ago.
    assert found(collected(load, now - timedelta(minutes=3))) == set(fault.expected_findings)
    fault.repair(sandbox)
    assert collected(load, now) == collected(Load(), now)


def test_every_disturbance_is_a_fault() -> None:
    """Every disturbance of the load is a fault of the demo."""
    assert [fault.name for fault in LOAD_FAULTS] == list(DISTURBANCES), (
        "list one fault for each disturbance in LOAD_FAULTS of demo/faults/load.py, in the order of DISTURBANCES"
    )


def test_every_collected_metric_has_datapoints() -> None:
    """Every metric that the collectors read for config.yaml has datapoints, except those that the sandbox lacks."""
    everything = collected(Load(), NOON, HOUR, timedelta())
    empty = {each.series.name for each in everything.collected_series if not each.series.points}
    missing = sorted(empty - WITHOUT_DATAPOINTS)
    assert not missing, (
        f"publish {', '.join(missing)} in a module demo/load_*.py, "
        "or add it to WITHOUT_DATAPOINTS if CloudWatch has no datapoints of it"
    )
