"""What CloudWatch keeps of the RDS Proxies in front of Aurora clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Collector, MetricSpec, Resource, Unit
from basewatch.components import AuroraCluster
from collectors.specs import gauge

_SPACE = "AWS/RDS"

# The counts are published per host of the proxy, once a minute: their Sum over exactly 60 s is the proxy's number.
SPECS = (
    gauge("aws_rds_proxy_client_connections", _SPACE, "ClientConnections", "Sum"),
    gauge("aws_rds_proxy_database_connections", _SPACE, "DatabaseConnections", "Sum"),
    gauge("aws_rds_proxy_borrowed_connections", _SPACE, "DatabaseConnectionsCurrentlyBorrowed", "Sum"),
    gauge("aws_rds_proxy_max_database_connections", _SPACE, "MaxDatabaseConnectionsAllowed", "Sum"),
    gauge(
        "aws_rds_proxy_borrow_latency_seconds",
        _SPACE,
        "DatabaseConnectionsBorrowLatency",
        "Average",
        unit=Unit.MICROSECONDS,
    ),
)


def _resources(cluster: AuroraCluster) -> Iterator[tuple[Resource, tuple[MetricSpec, ...]]]:
    if cluster.proxy is not None:
        name = cluster.proxy.name
        yield (
            Resource(component=cluster.ref, dimensions=(("ProxyName", name),), labels=(("proxy_name", name),)),
            SPECS,
        )


RDS_PROXY = Collector(name="rds_proxy", component=AuroraCluster, resources=_resources, specs=SPECS)
