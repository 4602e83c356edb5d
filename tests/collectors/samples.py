"""A component of every measured kind, and all resources and specs of every collector."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

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
DISCOVERED = {
    "Resource": "auth:live",
    "GlobalSecondaryIndexName": "by-mail",
    "Operation": "TransactGetItems",
}
"""Values of the dimensions that only discovered resources have."""

DISCOVERIES: tuple[tuple[AnyCollector, DiscoverySpec], ...] = tuple(
    (collector, discovery) for collector in COLLECTORS for discovery in collector.discovery_specs
)


def declared(collector: AnyCollector) -> Iterator[MeasuredResource]:
    """The resources and specs of the declared components of the collector's type."""
    components = [component for component in COMPONENTS if isinstance(component, collector.component_type)]
    assert components, (
        f"add a component of the kind {collector.component_type.__name__} to COMPONENTS in tests/collectors/samples.py"
    )
    for component in components:
        yield from collector.resources(component)


def dimension_values(discovery: DiscoverySpec) -> dict[str, str]:
    """A value for every dimension of a discovery spec."""
    values = _declared_values() | DISCOVERED
    for name in discovery.dimensions:
        assert name in values, (
            f"no component of tests/collectors/samples.py has the dimension {name}: declare one that has it, or add a "
            "value to DISCOVERED there if only discovered resources have it"
        )
    return {name: values[name] for name in discovery.dimensions}


def discovered(discovery: DiscoverySpec) -> MeasuredResource:
    """The resource and specs of one discovered resource."""
    found = discovery.from_dimensions(dimension_values(discovery))
    assert found is not None, f"from_dimensions of {discovery.namespace} rejects the dimensions {discovery.dimensions}"
    return found


@cache
def _declared_values() -> dict[str, str]:
    """A value of every dimension of a declared resource; of several, the first."""
    values: dict[str, str] = {}
    for collector in COLLECTORS:
        for component in COMPONENTS:
            if isinstance(component, collector.component_type):
                for resource, _ in collector.resources(component):
                    values = dict(resource.dimensions) | values
    return values


def measured(collector: AnyCollector) -> Iterator[MeasuredResource]:
    """All resources and specs of a collector, declared and discovered."""
    yield from declared(collector)
    yield from (discovered(discovery) for discovery in collector.discovery_specs)
