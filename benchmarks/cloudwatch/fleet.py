"""What exists in the fake's accounts: functions, tables, APIs and instances, who is idle, and who replaced whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.metric_values import SampleKind

Dimensions = tuple[tuple[str, str], ...]

_RECENT_SECONDS = 3 * 3600
_NAME = re.compile(r"[a-z]+-(\d{5,})(?:-g(\d+))?")
_COUNT, _FAIL, _AMOUNT = SampleKind.EVENTS, SampleKind.FAILURES, SampleKind.AMOUNTS


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionSet:
    """One set of dimensions that a service reports by: `name_dimension` holds the resource's name, the others are fixed."""

    name_dimension: str
    fixed_dimensions: Dimensions = ()
    metrics: Mapping[str, SampleKind]

    def dimensions(self, name: str) -> Dimensions:
        """The dimensions of the resource of this name, sorted."""
        return tuple(sorted((*self.fixed_dimensions, *([(self.name_dimension, name)] if self.name_dimension else []))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One AWS service: what its resources are called, and what CloudWatch keeps of each."""

    setting: str
    name_prefix: str
    namespace: str
    resource_type: str
    arn: str
    dimension_sets: tuple[DimensionSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource and its life, in seconds since the epoch; an idle one has no samples."""

    service: Service
    name: str
    created_at: float
    deleted_at: float
    idle: bool


def _amounts(*names: str) -> dict[str, SampleKind]:
    return dict.fromkeys(names, _AMOUNT)


_OPERATIONS = tuple(
    DimensionSet(
        name_dimension="TableName",
        fixed_dimensions=(("Operation", operation),),
        metrics={"ThrottledRequests": _FAIL, "SystemErrors": _FAIL, "SuccessfulRequestLatency": _AMOUNT},
    )
    for operation in ("GetItem", "PutItem", "Query", "UpdateItem")
)
SERVICES: tuple[Service, ...] = (
    Service(
        setting="functions",
        name_prefix="function",
        namespace="AWS/Lambda",
        resource_type="lambda:function",
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        dimension_sets=(
            DimensionSet(
                name_dimension="FunctionName",
                metrics={"Invocations": _COUNT, "Errors": _FAIL, "Throttles": _FAIL, "DeadLetterErrors": _FAIL}
                | _amounts("Duration", "ConcurrentExecutions", "IteratorAge"),
            ),
            DimensionSet(name_dimension="", metrics=_amounts("ConcurrentExecutions", "ClaimedAccountConcurrency")),
        ),
    ),
    Service(
        setting="tables",
        name_prefix="table",
        namespace="AWS/DynamoDB",
        resource_type="dynamodb:table",
        arn="arn:aws:dynamodb:{region}:{account}:table/{name}",
        dimension_sets=(
            DimensionSet(
                name_dimension="TableName",
                metrics={"ReadThrottleEvents": _FAIL, "WriteThrottleEvents": _FAIL}
                | _amounts("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
                | _amounts("ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits"),
            ),
            *_OPERATIONS,
            DimensionSet(name_dimension="", metrics={"UserErrors": _FAIL}),
        ),
    ),
    Service(
        setting="apis",
        name_prefix="api",
        namespace="AWS/ApiGateway",
        resource_type="apigateway",
        arn="arn:aws:apigateway:{region}::/restapis/{name}/stages/prod",
        dimension_sets=(
            DimensionSet(
                name_dimension="ApiName",
                fixed_dimensions=(("Stage", "prod"),),
                metrics={"Count": _COUNT, "4XXError": _FAIL, "5XXError": _FAIL}
                | _amounts("Latency", "IntegrationLatency"),
            ),
        ),
    ),
    Service(
        setting="instances",
        name_prefix="instance",
        namespace="AWS/RDS",
        resource_type="rds:db",
        arn="arn:aws:rds:{region}:{account}:db:{name}",
        dimension_sets=(
            DimensionSet(
                name_dimension="DBInstanceIdentifier",
                metrics=_amounts("DatabaseConnections", "CPUUtilization", "DBLoad", "DBLoadCPU", "DBLoadNonCPU")
                | _amounts("ReadLatency", "WriteLatency", "CommitLatency", "AuroraReplicaLag", "Deadlocks")
                | _amounts("ServerlessDatabaseCapacity", "ACUUtilization", "FreeableMemory", "FreeLocalStorage")
                | _amounts("BufferCacheHitRatio", "MaximumUsedTransactionIDs"),
            ),
        ),
    ),
)


class Fleet:
    """The resources of any account and region: every one has the same, whose values differ."""

    def __init__(self, knobs: FakeSettings) -> None:
        self._knobs = knobs

    def resources(self, now: float) -> Iterator[Resource]:
        """Every resource that lives, and those that died so lately that CloudWatch still lists them."""
        for service in SERVICES:
            for slot in range(getattr(self._knobs, service.setting)):
                newest = self._resource(service, slot, self._generation(slot, now))
                older = newest
                while older.created_at > max(0, now - _RECENT_SECONDS):
                    older = self._resource(service, slot, self._generation(slot, older.created_at) - 1)
                    yield older
                yield newest

    def find(self, namespace: str, dimensions: Dimensions) -> tuple[Resource | None, DimensionSet] | None:
        """The resource with exactly these sorted dimensions; None of it means the account as a whole."""
        names = [name for name, _ in dimensions]
        for service in SERVICES:
            for shape in service.dimension_sets if service.namespace == namespace else ():
                if names != [name for name, _ in shape.dimensions("")] or not set(shape.fixed_dimensions) <= set(
                    dimensions
                ):
                    continue
                if not shape.name_dimension:
                    return None, shape
                resource = self._named(service, dict(dimensions)[shape.name_dimension])
                return None if resource is None else (resource, shape)
        return None

    def _named(self, service: Service, name: str) -> Resource | None:
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) >= getattr(self._knobs, service.setting):
            return None
        resource = self._resource(service, int(match[1]), int(match[2] or 0))
        return resource if resource.name == name else None

    def _generation(self, slot: int, at: float) -> int:
        """How often the slot's resource was replaced by then: a tenth of the slots at a time."""
        seconds = self._knobs.churn_seconds
        return int((at // seconds + slot % 10) // 10) if seconds else 0

    def _resource(self, service: Service, slot: int, generation: int) -> Resource:
        seconds, name = self._knobs.churn_seconds, f"{service.name_prefix}-{slot:05}"
        born = (generation * 10 - slot % 10) * seconds
        return Resource(
            service=service,
            name=f"{name}-g{generation}" if seconds else name,
            created_at=born if seconds else -inf,
            deleted_at=born + 10 * seconds if seconds else inf,
            idle=service.setting == "functions" and slot * 37 % 100 < self._knobs.idle_ratio * 100,
        )
