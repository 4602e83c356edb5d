"""A check that the RDS Proxy of a cluster accepts encrypted connections only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.inventory.rds_proxy import describe_proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTls:
    """Whether the proxy refuses a connection without TLS."""

    required: bool


def proxy_tls(aws: AwsClient, cluster: AuroraCluster) -> ProxyTls:
    """The setting of the declared proxy, by DescribeDBProxies. Raises: NotFoundError, when there is no such proxy."""
    return ProxyTls(required=required(describe_proxy(aws, cluster), "DBProxies", 0, "RequireTLS", kind=bool))


@check(
    "encryption.proxy.require_tls",
    component=AuroraCluster,
    observe=proxy_tls,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBProxies",),
    promises=("proxy.require_tls",),
)
def proxy_requires_tls(facts: ProxyTls, _cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The RDS Proxy refuses connections without TLS.

    Why: A client that connects without TLS sends its password and its tenants' rows in the clear.
    Reads: rds:DescribeDBProxies: RequireTLS.
    Unverified when: The call is denied, throttled or fails, or the response lacks the field.
    Fix: aws rds modify-db-proxy --require-tls.
    Source: Amazon Aurora User Guide, Using TLS/SSL with RDS Proxy,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.howitworks.html
    """
    if facts.required:
        yield passed("The proxy refuses connections without TLS", observed="TLS required", expected="TLS required")
    else:
        yield failed("The proxy accepts connections without TLS", observed="TLS optional", expected="TLS required")
