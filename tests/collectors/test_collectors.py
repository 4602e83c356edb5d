"""Each kind of component is measured by the right metrics, statistics and tiers."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

import collectors
from alerts.channels import CHANNEL_TYPES
from basewatch.collector import AnyCollector, Collector, MetricSpec, RefreshTier
from basewatch.components import Api, Function, Table
from basewatch.config import config_model
from collectors import COLLECTORS
from tests.collectors.samples import CLUSTER, COMPONENTS, declared, measured

CONFIG = config_model(CHANNEL_TYPES).model_validate(
    yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8"))
)
BY_NAME = {collector.name: collector for collector in COLLECTORS}
SPECS = [spec for collector in COLLECTORS for spec in collector.specs]
MINUTE = timedelta(minutes=1)


def each_collector() -> pytest.MarkDecorator:
    """Runs a test once for every collector."""
    return pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.name)


def specs_of(name: str) -> list[MetricSpec]:
    """The specs of this series; a family with two sources has two."""
    return [spec for spec in SPECS if spec.series_name == name]


def test_every_collector_in_the_folder_is_listed_once() -> None:
    """A collector defined in the folder is listed in COLLECTORS."""
    written = {
        id(value): value.name
        for module in pkgutil.walk_packages(collectors.__path__, "collectors.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Collector)
    }
    listed = [collector.name for collector in COLLECTORS]
    missing = sorted(set(written.values()) - set(listed))
    assert not missing, f"{', '.join(missing)} is not registered: add it to COLLECTORS in collectors/__init__.py"
    assert sorted(written.values()) == sorted(listed), "list each collector once in COLLECTORS"


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
def test_a_statistic_fits_its_metric(name: str, statistic: str) -> None:
    """A proxy's hosts are summed over exactly a minute; memory uses the minimum, lag the maximum."""
    (spec,) = specs_of(name)
    assert spec.statistic == statistic
    assert spec.period == MINUTE


def test_requests_are_counted_as_each_kind_of_api_counts_them() -> None:
    """Requests of a REST API are the samples of its Count, those of an HTTP API the sum; both are one family."""
    rest, http = ((resource, specs) for resource, specs in declared(BY_NAME["api_gateway"]))
    requested = {
        dict(resource.labels)["api_type"]: {
            (spec.family, spec.metric, spec.statistic) for spec in specs if spec.family.endswith("s_total")
        }
        for resource, specs in (rest, http)
    }
    requests, client, server = (
        f"aws_apigateway_{word}_total" for word in ("requests", "client_errors", "server_errors")
    )
    assert requested["rest"] >= {
        (requests, "Count", "SampleCount"),
        (client, "4XXError", "Sum"),
        (server, "5XXError", "Sum"),
    }
    assert requested["http"] == {(requests, "Count", "Sum"), (client, "4xx", "Sum"), (server, "5xx", "Sum")}
    assert rest[0].dimensions == (("ApiName", "front"), ("Stage", "prod"))
    assert http[0].dimensions == (("ApiId", "a1b2c3d4e5"), ("Stage", "$default"))
    assert [dict(resource.labels)["api"] for resource, _ in (rest, http)] == ["front", "a1b2c3d4e5"]


def test_metrics_of_paging_alerts_are_fast() -> None:
    """API requests, errors and latency, function invocations and errors, and the proxy's pool are FAST; no other."""
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


def test_a_metric_has_one_tier() -> None:
    """All statistics of a metric have one tier, so that they are billed as one."""
    for collector in COLLECTORS:
        for resource, specs in measured(collector):
            tiers = {(resource, spec.metric, spec.period, spec.tier) for spec in specs}
            assert len(tiers) == len({(spec.metric, spec.period) for spec in specs})


def test_allowed_lateness_by_service() -> None:
    """A function may run for 15 minutes and its timestamp is the start; others need five minutes, backups 15."""
    late = {"AWS/Lambda": timedelta(minutes=15), "AWS/Backup": timedelta(minutes=15)}
    for spec in SPECS:
        expected = late.get(spec.namespace, timedelta(minutes=5))
        assert spec.allowed_lateness == expected, (
            f"{spec.namespace} has an allowed lateness of {spec.allowed_lateness} instead of {expected}: "
            "if AWS documents it, add it to `late` in this test"
        )


@each_collector()
def test_periods_fit_the_tiers(collector: AnyCollector) -> None:
    """Every period is one or five minutes; FAST metrics have one-minute periods."""
    for spec in collector.specs:
        assert spec.period in (MINUTE, 5 * MINUTE)
        assert spec.tier is not RefreshTier.FAST or spec.period == MINUTE


@each_collector()
def test_labels_hold_every_dimension_value(collector: AnyCollector) -> None:
    """Labels hold every dimension value, the identifying one first; an account has neither."""
    for resource, _ in measured(collector):
        values = [value.rpartition(":")[2] for _, value in resource.dimensions]
        assert set(values) <= {value for _, value in resource.labels}
        assert values[:1] == [value for _, value in resource.labels][:1]


@each_collector()
def test_a_declared_resource_belongs_to_its_component(collector: AnyCollector) -> None:
    """Every resource belongs to the component that declares it, except account-level resources."""
    for component in COMPONENTS:
        if isinstance(component, collector.component_type):
            owners = {(resource.component, bool(resource.dimensions)) for resource, _ in collector.resources(component)}
            assert (component.ref, True) in owners
            assert owners <= {(component.ref, True), ("", False)}


@pytest.mark.parametrize(("collector", "kind"), [("lambda", Function), ("dynamodb", Table)])
def test_an_account_level_resource_is_the_same_for_every_component(
    collector: str, kind: type[Function | Table]
) -> None:
    """Two components of an account give the same account-level resource, with families of its own."""
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
    """Each declared instance is a resource, and so is the cluster; a cluster without a proxy has no proxy resource."""
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
    """A check that reads a series of a component by its resource's name gets exactly one."""
    for component in COMPONENTS:
        names = Counter(
            (spec.series_name, resource.labels, spec.labels)
            for collector in COLLECTORS
            if isinstance(component, collector.component_type)
            for resource, specs in collector.resources(component)
            for spec in specs
        )
        assert max(names.values()) == 1


def test_every_declared_component_has_queries() -> None:
    """Every measured component of config.yaml has queries, and no series is requested twice."""
    requested = Counter(
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
    assert max(requested.values()) == 1
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
    """An HTTP API without an id is rejected, because CloudWatch identifies it by the id alone."""
    with pytest.raises(ValueError, match="id alone"):
        Api(name="edge", stage="prod", type="http")


def test_promised_metrics_are_collected() -> None:
    """Every metric that SecureBase's monitoring promised is collected."""
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
