"""CloudWatch metrics of RDS Proxies in front of Aurora clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    RefreshTier,
    Resource,
    Unit,
)
from basewatch.components import AuroraCluster
from collectors.cloudwatch.discovery.describe import for_dimensions, list_entries
from collectors.specs import Namespace

_RDS = Namespace(name="AWS/RDS")

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
# Each host of the proxy publishes these gauges once a minute: their Sum over exactly 60 s is the value of the proxy.
_PROXY = (
    _RDS.gauge("aws_rds_proxy_client_connections", "ClientConnections", "Sum"),
    _RDS.gauge("aws_rds_proxy_database_connections", "DatabaseConnections", "Sum"),
    _RDS.gauge(
        "aws_rds_proxy_borrowed_connections", "DatabaseConnectionsCurrentlyBorrowed", "Sum", tier=RefreshTier.FAST
    ),
    _RDS.gauge("aws_rds_proxy_max_database_connections", "MaxDatabaseConnectionsAllowed", "Sum", tier=RefreshTier.FAST),
    _RDS.gauge("aws_rds_proxy_pinned_sessions", "DatabaseConnectionsCurrentlySessionPinned", "Sum"),
    _RDS.gauge(
        "aws_rds_proxy_borrow_latency_seconds", "DatabaseConnectionsBorrowLatency", "Average", unit=Unit.MICROSECONDS
    ),
    _RDS.gauge(
        "aws_rds_proxy_query_response_latency_seconds", "QueryResponseLatency", "Average", unit=Unit.MICROSECONDS
    ),
    _RDS.counter("aws_rds_proxy_queries_total", "QueryRequests"),
    _RDS.counter("aws_rds_proxy_auth_failures_total", "ClientConnectionsSetupFailedAuth"),
    _RDS.counter("aws_rds_proxy_connection_setup_failures_total", "DatabaseConnectionsSetupFailed"),
)
# CloudWatch publishes this metric only by target group and role. A proxy has one group, called default.
_ROLE = (_RDS.gauge("aws_rds_proxy_availability_ratio", "AvailabilityPercentage", "Average", unit=Unit.PERCENT),)
_GROUP = "default"
_ROLES = ("READ_WRITE", "READ_ONLY")


def _proxy(name: str, component: str = "") -> MeasuredResource:
    dimensions = (("ProxyName", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("proxy_name", name),)), _PROXY


def _role(name: str, group: str, role: str, component: str = "") -> MeasuredResource:
    return Resource(
        component=component,
        dimensions=(("ProxyName", name), ("TargetGroup", group), ("TargetRole", role)),
        labels=(("proxy_name", name), ("target_group", group), ("target_role", role)),
    ), _ROLE


def _resources(cluster: AuroraCluster) -> Iterator[MeasuredResource]:
    if cluster.proxy is not None:
        yield _proxy(cluster.proxy.name, cluster.ref)
        for role in _ROLES:
            yield _role(cluster.proxy.name, _GROUP, role, cluster.ref)


def _proxies(aws: AwsClient) -> Iterator[DescribedResource]:
    for proxy in list_entries(aws, "rds", "DescribeDBProxies", "DBProxies"):
        name, arn = required(proxy, "DBProxyName", kind=str), required(proxy, "DBProxyArn", kind=str)
        yield DescribedResource(dimensions={"ProxyName": name}, arn=arn)


RDS_PROXY = Collector(
    name="rds_proxy",
    component_type=AuroraCluster,
    resources=_resources,
    specs=(*_PROXY, *_ROLE),
    discovery_specs=(
        # The ARN of a proxy contains an id, but CloudWatch uses its name: the tagging API cannot find it.
        DiscoverySpec(
            namespace=_RDS.name,
            activity_metric="ClientConnections",
            dimensions=("ProxyName",),
            from_dimensions=for_dimensions("ProxyName", build=_proxy),
            describe=_proxies,
            needs=("rds:DescribeDBProxies",),
        ),
        DiscoverySpec(
            namespace=_RDS.name,
            activity_metric="AvailabilityPercentage",
            dimensions=("ProxyName", "TargetGroup", "TargetRole"),
            from_dimensions=for_dimensions("ProxyName", "TargetGroup", "TargetRole", build=_role),
        ),
    ),
)
