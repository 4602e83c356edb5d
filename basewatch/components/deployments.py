"""What a deployment has to leave behind: how functions and tables are set up, and the criteria of its validation."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from basewatch.component_settings import ConfigModel
from basewatch.components.claims import CheckSelector
from basewatch.components.component import Component
from basewatch.errors import InvalidValueError, display_value
from basewatch.quantities import format_duration, parse_positive_duration

_BOTH = 2
_CALLER = r"[a-z0-9-]+( \S+)?"


def _bounds(value: object) -> list[object]:
    bounds = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(bounds) != _BOTH:
        raise InvalidValueError(f"{display_value(value)} is no range", "write one value, or [the least, the most]")
    return bounds


def parse_megabytes(value: object) -> tuple[int, int]:
    """A number of megabytes, or the least and the most. Raises: InvalidValueError."""
    least, most = _bounds(value)
    if type(least) is not int or type(most) is not int or not 0 < least <= most:
        raise InvalidValueError(f"{display_value(value)} is no size in MB", "write for example 256, or [256, 512]")
    return least, most


def parse_times(value: object) -> tuple[timedelta, timedelta]:
    """A duration, or the least and the most. Raises: InvalidValueError."""
    least, most = (parse_positive_duration(each) for each in _bounds(value))
    if least > most:
        raise InvalidValueError(f"{display_value(value)} is no range", "write the shorter one first: [30s, 300s]")
    return least, most


_NUMBERS = {"type": "integer"}
_TEXTS = {"type": "string"}
Megabytes: TypeAlias = Annotated[
    tuple[int, int],
    BeforeValidator(parse_megabytes),
    WithJsonSchema({"anyOf": [_NUMBERS, {"type": "array", "items": _NUMBERS, "minItems": 2, "maxItems": 2}]}),
]
Times: TypeAlias = Annotated[
    tuple[timedelta, timedelta],
    BeforeValidator(parse_times),
    PlainSerializer(lambda times: [format_duration(each) for each in times]),
    WithJsonSchema({"anyOf": [_TEXTS, {"type": "array", "items": _TEXTS, "minItems": 2, "maxItems": 2}]}),
]


def parse_caller(value: object) -> str:
    """A service, or one of its resources, such as `events rule/hourly`. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_CALLER, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is no service of AWS", "write for example apigateway, or events rule/hourly"
        )
    return value


Caller: TypeAlias = Annotated[
    str,
    BeforeValidator(parse_caller),
    WithJsonSchema({"type": "string", "pattern": f"^{_CALLER}$", "examples": ["events rule/hourly"]}),
]


class FunctionConfiguration(ConfigModel):
    """How a Lambda function is set up. `memory` is in MB; it and `timeout` are a value or a range.

    `layers` are names, or `NAME:VERSION`. `environment` are the names of variables that have to be set.
    """

    runtime: str | None = Field(default=None, min_length=1)
    memory: Megabytes | None = None
    timeout: Times | None = None
    layers: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    code_sha256: str | None = Field(
        default=None, min_length=1, description="CodeSha256 of the released package, as AWS writes it"
    )


class TableStructure(ConfigModel):
    """The keys of a DynamoDB table, and how it is paid for."""

    partition_key: str = Field(min_length=1)
    sort_key: str | None = None
    billing: Literal["on_demand", "provisioned"] | None = None


class DeploymentCriterion(ConfigModel):
    """One criterion of a deployment's validation, and the checks that hold it."""

    says: str = Field(min_length=1)
    held_by: tuple[CheckSelector, ...] = Field(min_length=1)


class Deployment(Component):
    """A deployment and the criteria by which it is valid, each by its key."""

    kind: ClassVar[str] = "deployment"
    noun: ClassVar[str] = "deployment"
    promises: ClassVar[tuple[str, ...]] = ("criteria",)
    criteria: dict[str, DeploymentCriterion] = Field(min_length=1)

    @property
    def selectors(self) -> tuple[str, ...]:
        """The checks that hold the criteria."""
        return tuple(selector for each in self.criteria.values() for selector in each.held_by)
