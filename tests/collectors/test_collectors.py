"""Proves what is asked of CloudWatch, and that every unit arrives as the base unit its name says."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from datetime import timedelta

import pytest

import collectors
from basewatch.collector import AnyCollector, Collector, MetricSpec
from basewatch.components import Api, AuroraCluster, Component, Function, Table
from basewatch.family import MetricType
from collectors import COLLECTORS

CLUSTER = AuroraCluster.model_validate(
    {
        "name": "db",
        "instances": ["db-1", "db-2"],
        "backup": {"retention": "35d", "rpo": "1h"},
        "proxy": {"name": "db-proxy"},
    }
)
COMPONENTS: tuple[Component, ...] = (
    CLUSTER,
    Function(name="auth"),
    Api(name="front", stage="prod"),
    Table(name="customers"),
)
SPECS = {
    (spec.name, spec.labels): spec for collector in COLLECTORS for spec in collector.specs
}  # every series that can be, by what identifies it


def each_collector() -> pytest.MarkDecorator:
    """Runs a test once for every collector."""
    return pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.name)


def spec_of(name: str, **labels: str) -> MetricSpec:
    """The one spec of this series."""
    return SPECS[name, tuple(labels.items())]


def test_every_collector_in_the_folder_is_listed_once() -> None:
    """A collector that somebody wrote cannot be forgotten."""
    written = {
        id(value): value.name
        for module in pkgutil.walk_packages(collectors.__path__, "collectors.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Collector)
    }
    assert sorted(written.values()) == sorted(collector.name for collector in COLLECTORS)


@pytest.mark.parametrize(
    ("name", "labels", "metric", "in_cloudwatch", "in_prometheus"),
    [
        ("aws_rds_read_latency_seconds", {}, "ReadLatency", 0.0012, 0.0012),
        ("aws_rds_write_latency_seconds", {}, "WriteLatency", 0.0021, 0.0021),
        ("aws_lambda_duration_seconds", {"quantile": "0.95"}, "Duration", 340.0, 0.34),
        ("aws_lambda_duration_seconds_sum", {}, "Duration", 12_000.0, 12.0),
        ("aws_lambda_duration_seconds_count", {}, "Duration", 17.0, 17.0),
        ("aws_lambda_duration_max_seconds", {}, "Duration", 900.0, 0.9),
        ("aws_apigateway_latency_seconds", {"quantile": "0.99"}, "Latency", 512.0, 0.512),
        ("aws_rds_proxy_borrow_latency_seconds", {}, "DatabaseConnectionsBorrowLatency", 1_400.0, 0.0014),
        ("aws_rds_cpu_utilization_ratio", {}, "CPUUtilization", 42.0, 0.42),
        ("aws_rds_database_connections_max", {}, "DatabaseConnections", 42.0, 42.0),
    ],
)
def test_a_unit_trap_is_stepped_over(
    name: str, labels: dict[str, str], metric: str, in_cloudwatch: float, in_prometheus: float
) -> None:
    """Seconds, milliseconds, microseconds and per cent, all found in these namespaces, end as base units."""
    spec = spec_of(name, **labels)
    assert spec.metric == metric
    assert in_cloudwatch * spec.factor == pytest.approx(in_prometheus)


@pytest.mark.parametrize(
    ("name", "statistic"),
    [
        ("aws_rds_proxy_client_connections", "Sum"),
        ("aws_rds_proxy_max_database_connections", "Sum"),
        ("aws_rds_proxy_borrowed_connections", "Sum"),
        ("aws_apigateway_requests_total", "SampleCount"),
        ("aws_apigateway_server_errors_total", "Sum"),
        ("aws_lambda_concurrent_executions", "Maximum"),
        ("aws_rds_database_connections", "Average"),
        ("aws_rds_database_connections_max", "Maximum"),
    ],
)
def test_a_statistic_is_the_one_that_means_something(name: str, statistic: str) -> None:
    """A proxy's hosts are added up over exactly a minute, and a REST API's Count is its samples."""
    spec = spec_of(name)
    assert spec.statistic == statistic
    assert spec.period == timedelta(minutes=1)


@each_collector()
def test_series_can_be_told_apart(collector: AnyCollector) -> None:
    """No two specs of a collector become the same series, and none asks the same of CloudWatch twice."""
    assert max(Counter((spec.name, spec.labels) for spec in collector.specs).values()) == 1
    asked = Counter((spec.namespace, spec.metric, spec.statistic, spec.period) for spec in collector.specs)
    assert max(asked.values()) == 1


@each_collector()
def test_a_family_reads_one_way(collector: AnyCollector) -> None:
    """Every series of a family has its type and its help, and counters are called `_total`."""
    for spec in collector.specs:
        same = [other for other in collector.specs if other.family == spec.family]
        assert {(other.type, other.help) for other in same} == {(spec.type, spec.help)}
        assert spec.family.endswith("_total") is (spec.type is MetricType.COUNTER)
        assert spec.adds_up is (spec.statistic in ("Sum", "SampleCount") and spec.type is not MetricType.GAUGE)


@each_collector()
def test_a_metric_has_at_most_five_statistics(collector: AnyCollector) -> None:
    """Five statistics of a metric are billed as one; a sixth would be billed again."""
    assert max(Counter((spec.namespace, spec.metric, spec.period) for spec in collector.specs).values()) <= 5


@each_collector()
def test_labels_are_the_same_for_every_resource_of_a_family(collector: AnyCollector) -> None:
    """A family's series have the same label names, and a resource's dimensions name what it is."""
    for component in COMPONENTS:
        if not isinstance(component, collector.component):
            continue
        found = list(collector.resources(component))
        assert found
        assert len({tuple(name for name, _ in resource.labels) for resource, _ in found}) == 1
        for resource, specs in found:
            assert resource.component == component.ref
            assert set(specs) <= set(collector.specs)
            assert {value for _, value in resource.dimensions} <= {value for _, value in resource.labels}


def test_a_cluster_is_measured_by_its_instances_and_its_proxy() -> None:
    """Each declared instance is a resource; a cluster without a proxy has none."""
    by_name = {collector.name: collector for collector in COLLECTORS}
    instances = [resource.dimensions for resource, _ in by_name["aurora"].resources(CLUSTER)]
    assert instances == [(("DBInstanceIdentifier", "db-1"),), (("DBInstanceIdentifier", "db-2"),)]
    assert list(by_name["rds_proxy"].resources(CLUSTER.model_copy(update={"proxy": None}))) == []


def test_what_the_platform_asked_of_monitoring_is_collected() -> None:
    """Every metric that SecureBase's monitoring promised is asked for."""
    assert {(spec.metric, spec.statistic) for spec in SPECS.values()} >= {
        ("DatabaseConnections", "Average"),
        ("DatabaseConnections", "Maximum"),
        ("CPUUtilization", "Average"),
        ("DBLoad", "Average"),
        ("ReadLatency", "Average"),
        ("WriteLatency", "Average"),
        ("Invocations", "Sum"),
        ("Errors", "Sum"),
        ("Throttles", "Sum"),
        ("Duration", "Sum"),
        ("Duration", "SampleCount"),
        ("Count", "SampleCount"),
        ("4XXError", "Sum"),
        ("5XXError", "Sum"),
        ("Latency", "Sum"),
        ("Latency", "Maximum"),
        ("ConsumedReadCapacityUnits", "Sum"),
        ("ConsumedWriteCapacityUnits", "Sum"),
        ("ReadThrottleEvents", "Sum"),
        ("WriteThrottleEvents", "Sum"),
    }
