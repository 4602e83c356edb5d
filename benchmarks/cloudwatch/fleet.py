"""The resources in the fake's accounts: functions, tables, APIs and instances, idle ones and replaced ones."""

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
    """A set of dimensions of a service: `name_dimension` holds the resource's name, the others are fixed."""

    name_dimension: str
    fixed_dimensions: Dimensions = ()
    metrics: Mapping[str, SampleKind]

    def dimensions(self, name: str) -> Dimensions:
        """The sorted dimensions of the resource with this name."""
        return tuple(sorted((*self.fixed_dimensions, *([(self.name_dimension, name)] if self.name_dimension else []))))


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetService:
    """One AWS service: the names of its resources, and their metrics in CloudWatch."""

    setting: str
    name_prefix: str
    namespace: str
    resource_type: str
    arn: str
    dimension_sets: tuple[DimensionSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResource:
    """One resource and its lifetime in Unix seconds; an idle one has no samples."""

    service: FleetService
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
SERVICES: tuple[FleetService, ...] = (
    FleetService(
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
    FleetService(
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
    FleetService(
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
    FleetService(
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
    """The resources of any account and region: the same everywhere, with different values."""

    def __init__(self, settings: FakeSettings) -> None:
        self._settings = settings

    def resources(self, now: float) -> Iterator[FleetResource]:
        """Every existing resource, and those deleted so recently that CloudWatch still lists them."""
        for service in SERVICES:
            for slot in range(getattr(self._settings, service.setting)):
                newest = self._resource(service, slot, self._generation(slot, now))
                older = newest
                while older.created_at > max(0, now - _RECENT_SECONDS):
                    older = self._resource(service, slot, self._generation(slot, older.created_at) - 1)
                    yield older
                yield newest

    def find(self, namespace: str, dimensions: Dimensions) -> tuple[FleetResource | None, DimensionSet] | None:
        """The resource with exactly these sorted dimensions; None in its place means the account itself."""
        names = [name for name, _ in dimensions]
        for service in SERVICES:
            for dimension_set in service.dimension_sets if service.namespace == namespace else ():
                if names != [name for name, _ in dimension_set.dimensions("")] or not set(
                    dimension_set.fixed_dimensions
                ) <= set(dimensions):
                    continue
                if not dimension_set.name_dimension:
                    return None, dimension_set
                resource = self._named(service, dict(dimensions)[dimension_set.name_dimension])
                return None if resource is None else (resource, dimension_set)
        return None

    def _named(self, service: FleetService, name: str) -> FleetResource | None:
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) >= getattr(self._settings, service.setting):
            return None
        resource = self._resource(service, int(match[1]), int(match[2] or 0))
        return resource if resource.name == name else None

    def _generation(self, slot: int, at: float) -> int:
        """How often the slot's resource was replaced by then: a tenth of the slots at a time."""
        seconds = self._settings.churn_seconds
        return int((at // seconds + slot % 10) // 10) if seconds else 0

    def _resource(self, service: FleetService, slot: int, generation: int) -> FleetResource:
        seconds, name = self._settings.churn_seconds, f"{service.name_prefix}-{slot:05}"
        created = (generation * 10 - slot % 10) * seconds
        return FleetResource(
            service=service,
            name=f"{name}-g{generation}" if seconds else name,
            created_at=created if seconds else -inf,
            deleted_at=created + 10 * seconds if seconds else inf,
            idle=service.setting == "functions" and slot * 37 % 100 < self._settings.idle_ratio * 100,
        )
