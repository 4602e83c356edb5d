"""Components of every kind that is measured, and everything that is asked of them or of what is discovered."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import AnyCollector, DiscoverySpec, MeasuredResource
from basewatch.components import (
    Api,
    AuroraCluster,
    BackupVault,
    CacheCluster,
    Component,
    EventRule,
    Function,
    Queue,
    Table,
)
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
    Function(name="billing"),
    Api(name="front", stage="prod"),
    Api(name="edge", stage="$default", type="http", id="a1b2c3d4e5"),
    Table(name="customers"),
    CacheCluster(name="cache"),
    Queue(name="letters"),
    EventRule(name="hourly"),
    BackupVault(name="vault"),
)
FOUND = {
    "FunctionName": "auth",
    "Resource": "auth:live",
    "ApiName": "front",
    "ApiId": "a1b2c3d4e5",
    "Stage": "prod",
    "DBInstanceIdentifier": "db-1",
    "DBClusterIdentifier": "db",
    "ProxyName": "db-proxy",
    "TargetGroup": "default",
    "TargetRole": "READ_WRITE",
    "TableName": "customers",
    "GlobalSecondaryIndexName": "by-mail",
    "Operation": "TransactGetItems",
    "ClusterId": "cache",
    "QueueName": "letters",
    "RuleName": "hourly",
    "BackupVaultName": "vault",
}
"""A value of every dimension that discovery finds."""

DISCOVERIES: tuple[tuple[AnyCollector, DiscoverySpec], ...] = tuple(
    (collector, discovery) for collector in COLLECTORS for discovery in collector.discovery_specs
)


def declared(collector: AnyCollector) -> Iterator[MeasuredResource]:
    """What the collector asks of the components of its kind."""
    for component in COMPONENTS:
        if isinstance(component, collector.component_type):
            yield from collector.resources(component)


def discovered(discovery: DiscoverySpec) -> MeasuredResource:
    """What is asked of one resource that a discovery finds."""
    found = discovery.from_dimensions({name: FOUND[name] for name in discovery.dimensions})
    assert found is not None
    return found


def measured(collector: AnyCollector) -> Iterator[MeasuredResource]:
    """Everything that a collector asks, of what is declared and of what is discovered."""
    yield from declared(collector)
    yield from (discovered(discovery) for discovery in collector.discovery_specs)
