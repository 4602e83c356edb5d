"""What exists in the fake's accounts: functions, tables, APIs and instances, who is idle, and who replaced whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.values import Kind

Dimensions = tuple[tuple[str, str], ...]

_RECENT_SECONDS = 3 * 3600
_NAME = re.compile(r"[a-z]+-(\d{5,})(?:-g(\d+))?")
_COUNT, _FAIL, _AMOUNT = Kind.EVENTS, Kind.FAILURES, Kind.AMOUNTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One set of dimensions that a service reports by: `named` holds the resource's name, the others are fixed."""

    named: str
    fixed: Dimensions = ()
    metrics: Mapping[str, Kind]

    def dimensions(self, name: str) -> Dimensions:
        """The dimensions of the resource of this name, sorted."""
        return tuple(sorted((*self.fixed, *([(self.named, name)] if self.named else []))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One AWS service: what its resources are called, and what CloudWatch keeps of each."""

    of: str
    stem: str
    namespace: str
    resource_type: str
    arn: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource and its life, in seconds since the epoch; an idle one has no samples."""

    service: Service
    name: str
    born: float
    dies: float
    idle: bool


def _amounts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, _AMOUNT)


_OPERATIONS = tuple(
    Shape(
        named="TableName",
        fixed=(("Operation", operation),),
        metrics={"ThrottledRequests": _FAIL, "SystemErrors": _FAIL, "SuccessfulRequestLatency": _AMOUNT},
    )
    for operation in ("GetItem", "PutItem", "Query", "UpdateItem")
)
SERVICES: tuple[Service, ...] = (
    Service(
        of="functions",
        stem="function",
        namespace="AWS/Lambda",
        resource_type="lambda:function",
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        shapes=(
            Shape(
                named="FunctionName",
                metrics={"Invocations": _COUNT, "Errors": _FAIL, "Throttles": _FAIL, "DeadLetterErrors": _FAIL}
                | _amounts("Duration", "ConcurrentExecutions", "IteratorAge"),
            ),
            Shape(named="", metrics=_amounts("ConcurrentExecutions", "ClaimedAccountConcurrency")),
        ),
    ),
    Service(
        of="tables",
        stem="table",
        namespace="AWS/DynamoDB",
        resource_type="dynamodb:table",
        arn="arn:aws:dynamodb:{region}:{account}:table/{name}",
        shapes=(
            Shape(
                named="TableName",
                metrics={"ReadThrottleEvents": _FAIL, "WriteThrottleEvents": _FAIL}
                | _amounts("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
                | _amounts("ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits"),
            ),
            *_OPERATIONS,
            Shape(named="", metrics={"UserErrors": _FAIL}),
        ),
    ),
    Service(
        of="apis",
        stem="api",
        namespace="AWS/ApiGateway",
        resource_type="apigateway",
        arn="arn:aws:apigateway:{region}::/restapis/{name}/stages/prod",
        shapes=(
            Shape(
                named="ApiName",
                fixed=(("Stage", "prod"),),
                metrics={"Count": _COUNT, "4XXError": _FAIL, "5XXError": _FAIL}
                | _amounts("Latency", "IntegrationLatency"),
            ),
        ),
    ),
    Service(
        of="instances",
        stem="instance",
        namespace="AWS/RDS",
        resource_type="rds:db",
        arn="arn:aws:rds:{region}:{account}:db:{name}",
        shapes=(
            Shape(
                named="DBInstanceIdentifier",
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

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs

    def resources(self, now: float) -> Iterator[Resource]:
        """Every resource that lives, and those that died so lately that CloudWatch still lists them."""
        for service in SERVICES:
            for slot in range(getattr(self._knobs, service.of)):
                newest = self._resource(service, slot, self._generation(slot, now))
                older = newest
                while older.born > max(0, now - _RECENT_SECONDS):
                    older = self._resource(service, slot, self._generation(slot, older.born) - 1)
                    yield older
                yield newest

    def find(self, namespace: str, dimensions: Dimensions) -> tuple[Resource | None, Shape] | None:
        """The resource with exactly these sorted dimensions; None of it means the account as a whole."""
        names = [name for name, _ in dimensions]
        for service in SERVICES:
            for shape in service.shapes if service.namespace == namespace else ():
                if names != [name for name, _ in shape.dimensions("")] or not set(shape.fixed) <= set(dimensions):
                    continue
                if not shape.named:
                    return None, shape
                resource = self._named(service, dict(dimensions)[shape.named])
                return None if resource is None else (resource, shape)
        return None

    def _named(self, service: Service, name: str) -> Resource | None:
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) >= getattr(self._knobs, service.of):
            return None
        resource = self._resource(service, int(match[1]), int(match[2] or 0))
        return resource if resource.name == name else None

    def _generation(self, slot: int, at: float) -> int:
        """How often the slot's resource was replaced by then: a tenth of the slots at a time."""
        seconds = self._knobs.churn_seconds
        return int((at // seconds + slot % 10) // 10) if seconds else 0

    def _resource(self, service: Service, slot: int, generation: int) -> Resource:
        seconds, name = self._knobs.churn_seconds, f"{service.stem}-{slot:05}"
        born = (generation * 10 - slot % 10) * seconds
        return Resource(
            service=service,
            name=f"{name}-g{generation}" if seconds else name,
            born=born if seconds else -inf,
            dies=born + 10 * seconds if seconds else inf,
            idle=service.of == "functions" and slot * 37 % 100 < self._knobs.idle * 100,
        )
