"""What the services themselves say of what is measured: capacities, timeouts, limits, and when a certificate ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.family import MetricFamily, MetricType
from collectors.resource_listing import list_entries, objects

_MIN_ACUS = MetricFamily(
    name="aws_rds_cluster_min_acus",
    type=MetricType.GAUGE,
    help="The least capacity of each instance of an Aurora Serverless cluster, as rds:DescribeDBClusters says.",
)
_MAX_ACUS = MetricFamily(
    name="aws_rds_cluster_max_acus",
    type=MetricType.GAUGE,
    help="The most capacity of each instance of an Aurora Serverless cluster, as rds:DescribeDBClusters says.",
)
_INSTANCE = MetricFamily(
    name="aws_rds_instance_info",
    type=MetricType.INFO,
    help="What an instance is, as rds:DescribeDBInstances says, and its role in its cluster; always 1.",
)
_CERTIFICATE = MetricFamily(
    name="aws_rds_ca_certificate_expiry_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the certificate of an instance's server expires, as rds:DescribeDBInstances says.",
)
_TIMEOUT = MetricFamily(
    name="aws_lambda_timeout_seconds",
    type=MetricType.GAUGE,
    help="How long a function may run, as lambda:ListFunctions says.",
)
_CONCURRENCY = MetricFamily(
    name="aws_lambda_concurrency_limit",
    type=MetricType.GAUGE,
    help="How many functions of the account may run at once, as lambda:GetAccountSettings says.",
)
FAMILIES = (_MIN_ACUS, _MAX_ACUS, _INSTANCE, _CERTIFICATE, _TIMEOUT, _CONCURRENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitValue:
    """One number that a service tells; its first label is its resource's own, and an account's has none."""

    family: MetricFamily
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReader:
    """How a service is asked about what its collector measures: `read` raises ObservationError, and `needs` these rights."""

    read: Callable[[AwsClient], Iterator[LimitValue]]
    needs: tuple[str, ...]


def _of_aurora(aws: AwsClient) -> Iterator[LimitValue]:
    roles: dict[str, str] = {}
    for cluster in list_entries(aws, "rds", "DescribeDBClusters", "DBClusters"):
        labels = (("db_cluster", required(cluster, "DBClusterIdentifier", kind=str)),)
        for family, key in ((_MIN_ACUS, "MinCapacity"), (_MAX_ACUS, "MaxCapacity")):
            acus = _number(cluster, "ServerlessV2ScalingConfiguration", key)
            if acus is not None:
                yield LimitValue(family=family, labels=labels, value=acus)
        for member in objects(cluster, "DBClusterMembers", may_be_absent=True):
            writes = required(member, "IsClusterWriter", kind=bool)
            roles[required(member, "DBInstanceIdentifier", kind=str)] = "writer" if writes else "reader"
    for instance in list_entries(aws, "rds", "DescribeDBInstances", "DBInstances"):
        yield from _of_instance(instance, roles)


def _of_instance(instance: Mapping[str, Any], roles: Mapping[str, str]) -> Iterator[LimitValue]:
    name = required(instance, "DBInstanceIdentifier", kind=str)
    known = (
        ("db_instance", name),
        ("db_cluster", optional(instance, "DBClusterIdentifier", kind=str) or ""),
        ("db_instance_class", optional(instance, "DBInstanceClass", kind=str) or ""),
        ("engine", optional(instance, "Engine", kind=str) or ""),
        ("engine_version", optional(instance, "EngineVersion", kind=str) or ""),
        ("availability_zone", optional(instance, "AvailabilityZone", kind=str) or ""),
        ("role", roles.get(name, "")),
    )
    yield LimitValue(family=_INSTANCE, labels=known, value=1.0)
    expiry = optional(instance, "CertificateDetails", "ValidTill", kind=datetime)
    if expiry is not None:
        yield LimitValue(family=_CERTIFICATE, labels=(("db_instance", name),), value=expiry.timestamp())


def _of_lambda(aws: AwsClient) -> Iterator[LimitValue]:
    for function in list_entries(aws, "lambda", "ListFunctions", "Functions"):
        labels = (("function_name", required(function, "FunctionName", kind=str)),)
        yield LimitValue(family=_TIMEOUT, labels=labels, value=float(required(function, "Timeout", kind=int)))
    settings = aws.call("lambda", "GetAccountSettings")
    limit = required(settings, "AccountLimit", "ConcurrentExecutions", kind=int)
    yield LimitValue(family=_CONCURRENCY, labels=(), value=float(limit))


def _number(answer: Mapping[str, Any], *path: str) -> float | None:
    """A number that AWS may give whole. Raises: ObservationError."""
    value = optional(answer, *path, kind=object)
    return float(value) if isinstance(value, int) else optional(answer, *path, kind=float)


LIMIT_READERS: Mapping[str, LimitReader] = {
    "aurora": LimitReader(read=_of_aurora, needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances")),
    "lambda": LimitReader(read=_of_lambda, needs=("lambda:ListFunctions", "lambda:GetAccountSettings")),
}
"""By the collector that measures what they tell of."""
