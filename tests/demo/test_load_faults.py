"""Proves that the load keeps every promise of config.yaml, and that each fault of it breaks exactly one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from basewatch.check import AnyCheck
from basewatch.collector import MetricSpec
from basewatch.components import Component
from basewatch.config import Config
from basewatch.metrics import CollectedMetrics, CollectedSeries, MetricsClient
from basewatch.model import Point, Series, Status, Window
from checks.service import CHECKS
from collectors import COLLECTORS
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.load import LOAD_FAULTS
from demo.load import DISTURBANCES, PREFIX, Load

if TYPE_CHECKING:
    from demo.box import Sandbox

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONFIG = Config.model_validate(yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")))
# CloudWatch has no datapoints of an error that did not occur, nor of a stage without a cache, a function that reads no
# stream, a table on demand, the writer's lag.
NOT_IN_THE_BOX = {
    "aws_apigateway_cache_hits_total",
    "aws_apigateway_cache_misses_total",
    "aws_backup_copy_jobs_failed_total",
    "aws_backup_jobs_aborted_total",
    "aws_backup_jobs_expired_total",
    "aws_backup_jobs_failed_total",
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


def collected(load: Load, end: datetime, length: timedelta = HOUR, lead: timedelta = HOUR) -> CollectedMetrics:
    """What the collectors would read of this load, if nothing came between."""

    def points(of: tuple[tuple[str, str], ...], spec: MetricSpec) -> Iterator[Point]:
        # CloudWatch's periods are aligned to the epoch, and a pass reads those that end within its window.
        last = end - (end - EPOCH) % spec.period
        for back in range((lead + length) // spec.period, 0, -1):
            start = last - back * spec.period
            value = load.value(spec.namespace, spec.metric, of, spec.statistic, period=spec.period, at=start)
            if value is not None:
                yield Point(period_end=start + spec.period, value=value * spec.scale)

    readings = tuple(
        CollectedSeries(
            component=component.ref,
            series=Series(
                name=spec.series_name,
                labels=(*resource.labels, *spec.labels),
                period=spec.period,
                points=tuple(points(resource.dimensions, spec)),
            ),
        )
        for collector in COLLECTORS
        for component in CONFIG.components
        if isinstance(component, collector.component_type)
        for resource, specs in collector.resources(component)
        for spec in specs
        if not lead or (component.ref, spec.series_name) in READ
    )
    return CollectedMetrics(window=Window(start=end - length, end=end), collected_series=readings, warm_up=lead)


class Recording(MetricsClient):
    """Metrics that remember which series they were asked for."""

    def __init__(self, collected: CollectedMetrics) -> None:
        super().__init__(collected)
        self.read = set[tuple[str, str]]()

    def series(self, component: str, family: str, **labels: str) -> Series:
        """One series, remembered."""
        self.read.add((component, family))
        return super().series(component, family, **labels)

    def all_series(self, component: str, family: str) -> tuple[Series, ...]:
        """Several series, remembered."""
        self.read.add((component, family))
        return super().all_series(component, family)


def read() -> set[tuple[str, str]]:
    """The series that the service checks ask for, by component and name: others need no hours of datapoints."""
    metrics = Recording(collected(Load(), NOON, timedelta(minutes=5), timedelta()))
    for check, component in planned():
        check.observe(metrics, component)
    return metrics.read


def planned() -> Iterator[tuple[AnyCheck, Component]]:
    """Every service check of metrics, and each component that makes its promise."""
    for check in CHECKS:
        if check.client_type is MetricsClient:
            yield from ((check, each) for each in CONFIG.components if concerns(check, each))


def concerns(check: AnyCheck, component: Component) -> bool:
    """Whether the component makes a promise that the check judges."""
    return isinstance(component, check.component) and check.applies_to(component)


READ = read()
# A writer follows nobody.
WRITER = ExpectedFinding(
    check="service.aurora.replica_lag",
    component=f"aurora_cluster/{PREFIX}",
    subject=f"{PREFIX}-1",
    status=Status.NOT_APPLICABLE,
)


def found(got: CollectedMetrics) -> set[ExpectedFinding]:
    """Everything that is not PASS, as the runner would record it, but for the writer."""
    found = {
        ExpectedFinding(check=check.id, component=component.ref, subject=verdict.subject, status=verdict.status)
        for check, component in planned()
        for verdict in check.judge(check.observe(MetricsClient(got), component), component, got.window.end)
        if verdict.status is not Status.PASS
    }
    assert WRITER in found
    return found - {WRITER}


@settings(max_examples=10)
@given(st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds
def test_an_undisturbed_load_keeps_every_promise(end: datetime) -> None:
    """Whenever the demo runs, every service check passes until something is broken."""
    assert found(collected(Load(), end.replace(second=0, microsecond=0))) == set()


@pytest.mark.parametrize("fault", LOAD_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("hour", [2, 14])
def test_a_fault_causes_exactly_what_it_expects(fault: Fault, hour: int) -> None:
    """At the quietest and at the busiest time each fault is found, alone, and repaired as if it had never happened."""
    now = NOON.replace(hour=hour)
    load = Load(now=lambda: now)
    box = cast("Sandbox", SimpleNamespace(load=load))
    fault.apply(box)
    # The collectors leave CloudWatch three minutes to settle.
    assert found(collected(load, now - timedelta(minutes=3))) == set(fault.expected_findings)
    fault.repair(box)
    assert collected(load, now) == collected(Load(), now)


def test_every_disturbance_is_a_fault() -> None:
    """There is no way to disturb the load that the demo does not offer."""
    assert [fault.name for fault in LOAD_FAULTS] == list(DISTURBANCES)


def test_everything_that_is_asked_for_has_an_answer() -> None:
    """Every metric that the collectors ask of config.yaml has datapoints, but for what does not happen in the box."""
    everything = collected(Load(), NOON, HOUR, timedelta())
    silent = {reading.series.name for reading in everything.collected_series if not reading.series.points}
    assert silent - NOT_IN_THE_BOX == set()
