"""Readers of capacities, timeouts, limits and certificate expiry from each service's own API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.family import MetricFamily, MetricType
from collectors.cloudwatch.discovery.describe import list_entries, objects

_MIN_ACUS = MetricFamily(
    name="aws_rds_cluster_min_acus",
    type=MetricType.GAUGE,
    help="Minimum capacity of each instance of an Aurora Serverless cluster, from rds:DescribeDBClusters.",
)
_MAX_ACUS = MetricFamily(
    name="aws_rds_cluster_max_acus",
    type=MetricType.GAUGE,
    help="Maximum capacity of each instance of an Aurora Serverless cluster, from rds:DescribeDBClusters.",
)
_INSTANCE = MetricFamily(
    name="aws_rds_instance_info",
    type=MetricType.INFO,
    help="Class, engine and role of an instance, from rds:DescribeDBInstances; always 1.",
)
_CERTIFICATE = MetricFamily(
    name="aws_rds_ca_certificate_expiry_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the server certificate of an instance expires, from rds:DescribeDBInstances.",
)
_TIMEOUT = MetricFamily(
    name="aws_lambda_timeout_seconds",
    type=MetricType.GAUGE,
    help="Timeout of a function, from lambda:ListFunctions.",
)
_CONCURRENCY = MetricFamily(
    name="aws_lambda_concurrency_limit",
    type=MetricType.GAUGE,
    help="Concurrent executions that the account allows, from lambda:GetAccountSettings.",
)
FAMILIES = (_MIN_ACUS, _MAX_ACUS, _INSTANCE, _CERTIFICATE, _TIMEOUT, _CONCURRENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitValue:
    """One value that a service reports. Its first label names the resource; an account-level value has no labels."""

    family: MetricFamily
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReader:
    """Reads the limits for one collector. `read` may raise ObservationError; `needs` lists its IAM actions."""

    read: Callable[[AwsClient], Iterator[LimitValue]]
    needs: tuple[str, ...]


def _aurora_limits(aws: AwsClient) -> Iterator[LimitValue]:
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
        yield from _instance_limits(instance, roles)


def _instance_limits(instance: Mapping[str, Any], roles: Mapping[str, str]) -> Iterator[LimitValue]:
    name = required(instance, "DBInstanceIdentifier", kind=str)
    labels = (
        ("db_instance", name),
        ("db_cluster", optional(instance, "DBClusterIdentifier", kind=str) or ""),
        ("db_instance_class", optional(instance, "DBInstanceClass", kind=str) or ""),
        ("engine", optional(instance, "Engine", kind=str) or ""),
        ("engine_version", optional(instance, "EngineVersion", kind=str) or ""),
        ("availability_zone", optional(instance, "AvailabilityZone", kind=str) or ""),
        ("role", roles.get(name, "")),
    )
    yield LimitValue(family=_INSTANCE, labels=labels, value=1.0)
    expiry = optional(instance, "CertificateDetails", "ValidTill", kind=datetime)
    if expiry is not None:
        yield LimitValue(family=_CERTIFICATE, labels=(("db_instance", name),), value=expiry.timestamp())


def _lambda_limits(aws: AwsClient) -> Iterator[LimitValue]:
    for function in list_entries(aws, "lambda", "ListFunctions", "Functions"):
        labels = (("function_name", required(function, "FunctionName", kind=str)),)
        yield LimitValue(family=_TIMEOUT, labels=labels, value=float(required(function, "Timeout", kind=int)))
    settings = aws.call("lambda", "GetAccountSettings")
    limit = required(settings, "AccountLimit", "ConcurrentExecutions", kind=int)
    yield LimitValue(family=_CONCURRENCY, labels=(), value=float(limit))


def _number(answer: Mapping[str, Any], *path: str) -> float | None:
    """A number that may arrive as an integer. Raises: ObservationError."""
    value = optional(answer, *path, kind=object)
    return float(value) if isinstance(value, int) else optional(answer, *path, kind=float)


LIMIT_READERS: Mapping[str, LimitReader] = {
    "aurora": LimitReader(read=_aurora_limits, needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances")),
    "lambda": LimitReader(read=_lambda_limits, needs=("lambda:ListFunctions", "lambda:GetAccountSettings")),
}
"""By the name of the collector whose metrics the limits apply to."""
