"""Proves what is asked of CloudWatch about each kind of component, and how often."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

import collectors
from basewatch.collector import AnyCollector, Collector, MetricSpec, RefreshTier
from basewatch.components import Api, Function, Table
from basewatch.config import Config
from collectors import COLLECTORS
from tests.collectors.samples import CLUSTER, COMPONENTS, declared, measured

CONFIG = Config.model_validate(yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")))
BY_NAME = {collector.name: collector for collector in COLLECTORS}
SPECS = [spec for collector in COLLECTORS for spec in collector.specs]
MINUTE = timedelta(minutes=1)


def each_collector() -> pytest.MarkDecorator:
    """Runs a test once for every collector."""
    return pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.name)


def specs_of(name: str) -> list[MetricSpec]:
    """The specs of this series; a family of two sources has two."""
    return [spec for spec in SPECS if spec.series_name == name]


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
    ("name", "statistic"),
    [
        ("aws_rds_proxy_client_connections", "Sum"),
        ("aws_rds_proxy_database_connections", "Sum"),
        ("aws_rds_proxy_max_database_connections", "Sum"),
        ("aws_rds_proxy_borrowed_connections", "Sum"),
        ("aws_rds_proxy_pinned_sessions", "Sum"),
        ("aws_lambda_concurrent_executions", "Maximum"),
        ("aws_rds_database_connections", "Average"),
        ("aws_rds_database_connections_max", "Maximum"),
        ("aws_rds_freeable_memory_bytes", "Minimum"),
        ("aws_rds_free_local_storage_bytes", "Minimum"),
        ("aws_rds_replica_lag_seconds", "Maximum"),
        ("aws_sqs_oldest_message_age_seconds", "Maximum"),
    ],
)
def test_a_statistic_is_the_one_that_means_something(name: str, statistic: str) -> None:
    """A proxy's hosts are added up over exactly a minute; of memory the least counts, of lag the most."""
    (spec,) = specs_of(name)
    assert spec.statistic == statistic
    assert spec.period == MINUTE


def test_requests_are_counted_as_each_kind_of_api_counts_them() -> None:
    """A REST API's requests are the samples of its Count, an HTTP API's the sum, and both are one family."""
    rest, http = ((resource, specs) for resource, specs in declared(BY_NAME["api_gateway"]))
    asked = {
        dict(resource.labels)["api_type"]: {
            (spec.family, spec.metric, spec.statistic) for spec in specs if spec.family.endswith("s_total")
        }
        for resource, specs in (rest, http)
    }
    requests, client, server = (
        f"aws_apigateway_{word}_total" for word in ("requests", "client_errors", "server_errors")
    )
    assert asked["rest"] >= {
        (requests, "Count", "SampleCount"),
        (client, "4XXError", "Sum"),
        (server, "5XXError", "Sum"),
    }
    assert asked["http"] == {(requests, "Count", "Sum"), (client, "4xx", "Sum"), (server, "5xx", "Sum")}
    assert rest[0].dimensions == (("ApiName", "front"), ("Stage", "prod"))
    assert http[0].dimensions == (("ApiId", "a1b2c3d4e5"), ("Stage", "$default"))
    assert [dict(resource.labels)["api"] for resource, _ in (rest, http)] == ["front", "a1b2c3d4e5"]


def test_what_pages_within_minutes_is_asked_every_minute() -> None:
    """Requests, errors and latency of APIs, invocations and errors of functions, the proxy's pool; nothing else is."""
    assert {spec.family for spec in SPECS if spec.tier is RefreshTier.FAST} == {
        "aws_apigateway_requests_total",
        "aws_apigateway_client_errors_total",
        "aws_apigateway_server_errors_total",
        "aws_apigateway_latency_seconds",
        "aws_apigateway_latency_max_seconds",
        "aws_lambda_invocations_total",
        "aws_lambda_errors_total",
        "aws_rds_proxy_borrowed_connections",
        "aws_rds_proxy_max_database_connections",
    }


def test_a_metric_is_asked_at_one_pace() -> None:
    """All statistics of a metric are of one tier, so that they are billed as one."""
    for collector in COLLECTORS:
        for resource, specs in measured(collector):
            tiers = {(resource, spec.metric, spec.period, spec.tier) for spec in specs}
            assert len(tiers) == len({(spec.metric, spec.period) for spec in specs})


def test_late_datapoints_are_waited_for() -> None:
    """A function may run for 15 minutes and is stamped with its start; others are done in five, backups later."""
    late = {
        "AWS/Lambda": timedelta(minutes=15),
        "AWS/Backup": timedelta(minutes=15),
    }
    assert {spec.allowed_lateness for spec in SPECS if spec.namespace not in late} == {timedelta(minutes=5)}
    for namespace, lookback in late.items():
        assert {spec.allowed_lateness for spec in SPECS if spec.namespace == namespace} == {lookback}


@each_collector()
def test_periods_fit_the_tiers(collector: AnyCollector) -> None:
    """Every period is one or five minutes, and no slower than what is asked every minute can tell."""
    for spec in collector.specs:
        assert spec.period in (MINUTE, 5 * MINUTE)
        assert spec.tier is not RefreshTier.FAST or spec.period == MINUTE


@each_collector()
def test_a_resource_is_known_by_what_its_dimensions_say(collector: AnyCollector) -> None:
    """Labels hold every value of the dimensions, the identifying one first; an account has neither."""
    for resource, _ in measured(collector):
        values = [value.rpartition(":")[2] for _, value in resource.dimensions]
        assert set(values) <= {value for _, value in resource.labels}
        assert values[:1] == [value for _, value in resource.labels][:1]


@each_collector()
def test_what_is_declared_is_its_components(collector: AnyCollector) -> None:
    """Every resource is of the component that declares it, but for those of the account as a whole."""
    for component in COMPONENTS:
        if isinstance(component, collector.component_type):
            owners = {(resource.component, bool(resource.dimensions)) for resource, _ in collector.resources(component)}
            assert (component.ref, True) in owners
            assert owners <= {(component.ref, True), ("", False)}


@pytest.mark.parametrize(("collector", "kind"), [("lambda", Function), ("dynamodb", Table)])
def test_an_account_is_the_same_whoever_tells_of_it(collector: str, kind: type[Function | Table]) -> None:
    """Two components of an account give one and the same resource without dimensions, of families of its own."""
    found = {
        measured
        for name in ("a", "b")
        for measured in BY_NAME[collector].resources(kind(name=name))
        if not measured[0].dimensions
    }
    ((resource, specs),) = found
    assert resource.labels == ()
    own = {spec.family for spec in specs}
    assert not own & {spec.family for spec in BY_NAME[collector].specs if spec not in specs}


def test_a_cluster_is_measured_by_its_instances_its_volume_and_its_proxy() -> None:
    """Each declared instance is a resource, and so is the cluster; a cluster without a proxy has none."""
    instances = [resource.dimensions for resource, _ in BY_NAME["aurora"].resources(CLUSTER)]
    assert instances == [
        (("DBInstanceIdentifier", "db-1"),),
        (("DBInstanceIdentifier", "db-2"),),
        (("DBClusterIdentifier", "db"),),
    ]
    proxies = [dict(resource.dimensions) for resource, _ in BY_NAME["rds_proxy"].resources(CLUSTER)]
    assert proxies == [
        {"ProxyName": "db-proxy"},
        {"ProxyName": "db-proxy", "TargetGroup": "default", "TargetRole": "READ_WRITE"},
        {"ProxyName": "db-proxy", "TargetGroup": "default", "TargetRole": "READ_ONLY"},
    ]
    assert list(BY_NAME["rds_proxy"].resources(CLUSTER.model_copy(update={"proxy": None}))) == []


def test_a_series_of_a_component_is_one() -> None:
    """A check that asks for a series of a component by its resource's own name gets one, not several."""
    for component in COMPONENTS:
        names = Counter(
            (spec.series_name, resource.labels, spec.labels)
            for collector in COLLECTORS
            if isinstance(component, collector.component_type)
            for resource, specs in collector.resources(component)
            for spec in specs
        )
        assert max(names.values()) == 1


def test_everything_declared_can_be_asked() -> None:
    """Of every component of config.yaml that a collector measures, something is asked, and nothing twice."""
    asked = Counter(
        (spec.series_name, frozenset((*resource.labels, *spec.labels)))
        for collector in COLLECTORS
        for resource, specs in {
            measured
            for component in CONFIG.components
            if isinstance(component, collector.component_type)
            for measured in collector.resources(component)
        }
        for spec in specs
    )
    assert max(asked.values()) == 1
    kinds = tuple({collector.component_type for collector in COLLECTORS})
    silent = {
        component.ref
        for component in CONFIG.components
        if isinstance(component, kinds)
        and not any(
            list(collector.resources(component))
            for collector in COLLECTORS
            if isinstance(component, collector.component_type)
        )
    }
    assert silent == set()


def test_an_http_api_has_an_id() -> None:
    """What CloudWatch could not tell apart cannot be declared."""
    with pytest.raises(ValueError, match="id alone"):
        Api(name="edge", stage="prod", type="http")


def test_what_the_platform_asked_of_monitoring_is_collected() -> None:
    """Every metric that SecureBase's monitoring promised is asked for."""
    assert {(spec.metric, spec.statistic) for spec in SPECS} >= {
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
