"""Functions, APIs, tables and their caches, queues and event rules."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from basewatch.component_settings import TimeToLive
from basewatch.components.component import AlarmedComponent, BackedUpComponent, LoggedComponent, PrivateComponent
from basewatch.components.deployments import Caller, FunctionConfiguration, TableStructure
from basewatch.components.keys import EncryptedComponent
from basewatch.components.tenant_isolation import TenantIsolation
from basewatch.errors import InvalidValueError
from basewatch.identifiers import CalendarDate, Route
from basewatch.quantities import Duration, DurationThreshold, Rate, RateThreshold, RatioThreshold
from basewatch.secrets import Reference

# arn:aws:lambda:us-east-1:123456789012:function:NAME
_PARTS_OF_ARN = 7


class Function(LoggedComponent, EncryptedComponent, PrivateComponent):
    """A Lambda function."""

    kind: ClassVar[str] = "function"
    noun: ClassVar[str] = "Lambda function"
    dimension: ClassVar[str] = "FunctionName"
    promises: ClassVar[tuple[str, ...]] = (
        "keys",
        "alarms_quiet",
        "errors_below",
        "p95_below",
        "throttled_below",
        "configuration",
        "invoked_by",
        "least_privilege",
        "no_secrets_in_environment",
        "private",
        "logs",
        "traced",
    )
    traced: bool = Field(default=False, description="whether X-Ray traces what invokes it")
    errors_below: RatioThreshold | None = None
    p95_below: DurationThreshold | None = None
    throttled_below: RatioThreshold | None = None
    configuration: FunctionConfiguration | None = None
    least_privilege: bool = Field(default=False, description="its role has no permission over everything of a kind")
    no_secrets_in_environment: bool = False
    invoked_by: tuple[Caller, ...] = Field(
        default=(), description="the services that invoke it, such as apigateway, or events rule/hourly"
    )

    @property
    def unqualified_name(self) -> str:
        """The name or ARN without the alias or version that may follow it."""
        parts = self.name.split(":")
        return ":".join(parts[:_PARTS_OF_ARN]) if parts[0] == "arn" else parts[0]

    @property
    def alarm_dimensions(self) -> tuple[tuple[str, str], ...]:
        """The name of the function."""
        return ((self.dimension, self.unqualified_name.rpartition(":")[2]),)

    @property
    def alarm_part(self) -> tuple[str, str] | None:
        """The declared alias or version, as `NAME:ALIAS`."""
        qualifier = self.name.removeprefix(self.unqualified_name)
        return ("Resource", self.alarm_dimensions[0][1] + qualifier) if qualifier else None


class Api(LoggedComponent):
    """A stage of an API Gateway API. In CloudWatch a REST API is identified by its name, the others by their `id`.

    `open_routes` need no authorizer, such as `POST /login`. `authorizer: optional` promises nothing about routes.
    `p95_pages` is the latency at which the generated alert pages, where this is later than at the promise `p95_below`.
    """

    kind: ClassVar[str] = "api"
    noun: ClassVar[str] = "API"
    dimension: ClassVar[str] = "ApiName"
    promises: ClassVar[tuple[str, ...]] = (
        "authorizer",
        "rate_limit",
        "tenant_isolation",
        "tenant_isolation.token",
        "tenant_isolation.rate_limit_tried",
        "alarms_quiet",
        "logs",
        "traced",
        "access_logged",
        "execution_logged",
        "p95_below",
        "server_errors_below",
        "client_errors_below",
        "routes",
    )
    type: Literal["rest", "http", "websocket"] = "rest"
    id: str | None = None
    stage: str
    authorizer: Literal["required", "optional"] = "required"
    open_routes: tuple[Route, ...] = ()
    routes: tuple[Route, ...] = Field(default=(), description="every deployed route but those with OPTIONS")
    rate_limit: Rate | None = None
    traced: bool = Field(default=False, description="whether X-Ray traces its requests")
    access_logged: bool = Field(default=False, description="whether each request is logged")
    execution_logged: bool = Field(default=False, description="whether errors of every method are logged")
    tenant_isolation: TenantIsolation | None = None
    p95_below: DurationThreshold | None = None
    p95_pages: DurationThreshold | None = None
    server_errors_below: RateThreshold | None = None
    client_errors_below: RatioThreshold | None = None

    @model_validator(mode="after")
    def _can_be_found_in_cloudwatch(self) -> Self:
        if self.type != "rest" and self.id is None:
            kind = {"http": "an HTTP API", "websocket": "a WebSocket API"}[self.type]
            raise InvalidValueError(f"CloudWatch identifies {kind} by its id alone", "add id: such as a1b2c3d4e5")
        return self

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """Every reference that the attempts at its tenant isolation need."""
        return self.tenant_isolation.secrets if self.tenant_isolation else ()

    @property
    def cloudwatch_name(self) -> str:
        """Its identity in CloudWatch, and the label `api`: the name of a REST API, the id of any other."""
        return self.id if self.type != "rest" and self.id is not None else self.name

    def has_promise(self, promise: str) -> bool:
        """Whether the API makes the promise; an optional authorizer is none."""
        return self.authorizer == "required" if promise == "authorizer" else super().has_promise(promise)

    @property
    def alarm_dimensions(self) -> tuple[tuple[str, str], ...]:
        """The name of a REST API, the id of any other."""
        return ((self.dimension if self.type == "rest" else "ApiId", self.cloudwatch_name),)

    @property
    def alarm_part(self) -> tuple[str, str] | None:
        """The stage."""
        return ("Stage", self.stage)


class Table(BackedUpComponent, EncryptedComponent):
    """A DynamoDB table; the throttle events of `indexes` (global secondary ones) count as its own.

    `since` is the day by which it was created or last restored on purpose: a younger one has lost its backups.
    """

    kind: ClassVar[str] = "table"
    noun: ClassVar[str] = "DynamoDB table"
    dimension: ClassVar[str] = "TableName"
    arn_format: ClassVar[str] = "arn:{partition}:dynamodb:{region}:{account}:table/{name}"
    promises: ClassVar[tuple[str, ...]] = (
        *BackedUpComponent.promises,
        "keys",
        "pitr",
        "ttl",
        "alarms_quiet",
        "throttled_below",
        "structure",
    )
    since: CalendarDate | None = None
    indexes: tuple[str, ...] = ()
    pitr: Duration | None = None
    ttl: TimeToLive | None = None
    throttled_below: RateThreshold | None = None
    structure: TableStructure | None = None


class CacheCluster(AlarmedComponent):
    """A DynamoDB Accelerator (DAX) cluster."""

    kind: ClassVar[str] = "cache_cluster"
    noun: ClassVar[str] = "DAX cluster"
    dimension: ClassVar[str] = "ClusterId"
    promises: ClassVar[tuple[str, ...]] = ("alarms_quiet", "hits_above")
    hits_above: RatioThreshold | None = None


class Queue(AlarmedComponent, EncryptedComponent):
    """An SQS queue."""

    kind: ClassVar[str] = "queue"
    noun: ClassVar[str] = "SQS queue"
    dimension: ClassVar[str] = "QueueName"
    promises: ClassVar[tuple[str, ...]] = ("keys", "alarms_quiet", "oldest_below")
    oldest_below: DurationThreshold | None = None


class EventRule(AlarmedComponent):
    """An EventBridge rule on the default event bus; `every` is the longest time between two triggers."""

    kind: ClassVar[str] = "event_rule"
    noun: ClassVar[str] = "EventBridge rule"
    dimension: ClassVar[str] = "RuleName"
    promises: ClassVar[tuple[str, ...]] = ("alarms_quiet", "every")
    every: Duration | None = None

    @property
    def warm_up(self) -> timedelta:
        """The longest time between two triggers, so that the last trigger before a window is known; at most a day.

        Longer ones are judged by the hour.
        """
        return min(self.every or timedelta(), timedelta(days=1))
