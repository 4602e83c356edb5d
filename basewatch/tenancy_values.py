"""The values in a tenancy manifest: names and ids, dates, and the form of a tenant's id."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from basewatch.errors import InvalidValueError, display_value


def parse_names(value: object) -> object:
    """One name or number, or a list of them, as a tuple of strings."""
    each = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in each)


def parse_day(value: object) -> date:
    """A date, from YAML or from text such as 2027-06-30. Raises: InvalidValueError."""
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise InvalidValueError(f"{display_value(value)} is not a date", "write for example 2027-06-30") from None


def check_form(tenant: str, kind: str) -> None:
    """Raises InvalidValueError for the id of a canary that is not of the type `kind`."""
    try:
        UUID(tenant) if kind == "uuid" else int(tenant) if kind in {"integer", "bigint"} else None
    except ValueError:
        remedy = "write an id of that type, or correct context_type"
        raise InvalidValueError(f"the canary {display_value(tenant)} is no {kind}", remedy) from None


def parse_values(value: object) -> object:
    """A mapping of columns to values, each as text: true and numbers as PostgreSQL writes them."""
    if not isinstance(value, dict):
        return value
    return {name: str(one).lower() if isinstance(one, bool) else str(one) for name, one in value.items()}


Values = Annotated[
    dict[str, str],
    BeforeValidator(parse_values),
    Field(min_length=1),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
]
Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(parse_names),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
FurtherNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(parse_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Day = Annotated[
    date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-06-30"]})
]
