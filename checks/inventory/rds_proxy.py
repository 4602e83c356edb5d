"""A check that the declared RDS Proxy exists, and that it can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Severity, Verdict
from checks.inventory.statuses import status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """The status of the proxy in front of the cluster."""

    status: str


def describe_proxy(aws: AwsClient, cluster: AuroraCluster) -> dict[str, Any]:
    """The answer of DescribeDBProxies for the declared proxy. Raises: NotFoundError, when there is no such proxy."""
    name = cluster.proxy.name if cluster.proxy else ""
    try:
        return aws.call("rds", "DescribeDBProxies", DBProxyName=name)
    except NotFoundError as error:
        raise NotFoundError(str(error), declared=f"the proxy {name} of {cluster.ref}") from error


def proxy_status(aws: AwsClient, cluster: AuroraCluster) -> ProxyStatus:
    """The status of the declared proxy. Raises: NotFoundError, when there is no such proxy."""
    return ProxyStatus(status=required(describe_proxy(aws, cluster), "DBProxies", 0, "Status", kind=str))


@check(
    "inventory.proxy.available",
    component=AuroraCluster,
    observe=proxy_status,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBProxies",),
    promises=("proxy",),
)
def proxy_is_available(facts: ProxyStatus, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The declared RDS Proxy exists and can serve.

    Why: A proxy that does not exist has no datapoints, which looks like a pool without connections.
    Reads: rds:DescribeDBProxies: the status.
    Unverified when: The call is denied, throttled or fails, the proxy is being created, or its status is unknown.
    Fix: Create the proxy, repair what its status names, or correct `proxy` in the configuration.
    Source: Amazon Aurora User Guide, Managing an RDS Proxy,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-managing.html
    """
    what = f"The proxy {cluster.proxy.name}" if cluster.proxy else "The proxy"
    yield status_verdict("proxy", facts.status, what=what, observed=facts.status, expected="available")
