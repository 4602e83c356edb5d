"""Functions, APIs, tables and their caches, queues and event rules."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from basewatch.components.component import InAccount
from basewatch.errors import WrongValue
from basewatch.quantities import Duration, DurationLimit, Rate, RateLimit, ShareLimit


class Function(InAccount):
    """A Lambda function."""

    kind: ClassVar[str] = "function"
    section: ClassVar[str] = "functions"
    promises: ClassVar[tuple[str, ...]] = ("errors_below", "p95_below", "throttled_below")
    errors_below: ShareLimit | None = None
    p95_below: DurationLimit | None = None
    throttled_below: ShareLimit | None = None


class Api(InAccount):
    """A stage of an API Gateway API; CloudWatch knows a REST API by its name, and an HTTP API by its `id` alone."""

    kind: ClassVar[str] = "api"
    section: ClassVar[str] = "apis"
    promises: ClassVar[tuple[str, ...]] = (
        "authorizer",
        "rate_limit",
        "p95_below",
        "server_errors_below",
        "client_errors_below",
    )
    type: Literal["rest", "http"] = "rest"
    id: str | None = None
    stage: str
    authorizer: Literal["required", "optional"] = "required"
    rate_limit: Rate | None = None
    p95_below: DurationLimit | None = None
    server_errors_below: RateLimit | None = None
    client_errors_below: ShareLimit | None = None

    @model_validator(mode="after")
    def _can_be_found_in_cloudwatch(self) -> Self:
        if self.type == "http" and self.id is None:
            raise WrongValue("CloudWatch knows an HTTP API by its id alone", "add id: such as a1b2c3d4e5")
        return self

    @property
    def known_as(self) -> str:
        """The label `api` of its series: what CloudWatch knows it by, a REST API's name and an HTTP API's id."""
        return self.id if self.type == "http" and self.id is not None else self.name


class Table(InAccount):
    """A DynamoDB table."""

    kind: ClassVar[str] = "table"
    section: ClassVar[str] = "tables"
    promises: ClassVar[tuple[str, ...]] = ("pitr", "throttled_below")
    pitr: Duration | None = None
    throttled_below: RateLimit | None = None


class CacheCluster(InAccount):
    """A DynamoDB Accelerator (DAX) cluster."""

    kind: ClassVar[str] = "cache_cluster"
    section: ClassVar[str] = "cache_clusters"
    promises: ClassVar[tuple[str, ...]] = ("hits_above",)
    hits_above: ShareLimit | None = None


class Queue(InAccount):
    """An SQS queue."""

    kind: ClassVar[str] = "queue"
    section: ClassVar[str] = "queues"
    promises: ClassVar[tuple[str, ...]] = ("oldest_below",)
    oldest_below: DurationLimit | None = None


class EventRule(InAccount):
    """An EventBridge rule on the default event bus; `every` is how often it has to trigger at least."""

    kind: ClassVar[str] = "event_rule"
    section: ClassVar[str] = "event_rules"
    promises: ClassVar[tuple[str, ...]] = ("every",)
    every: Duration | None = None

    @property
    def lead(self) -> timedelta:
        """As long as it may be silent, so that the last trigger before a window is known."""
        return self.every or timedelta()
