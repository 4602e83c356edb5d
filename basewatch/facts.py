"""Converts facts to JSON and back without loss, and computes their digest."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter

from basewatch.model import JSON

F = TypeVar("F")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(kind: type[F], facts: F) -> JSON:
    """The JSON form of `facts`, a frozen dataclass of plain values, tuples, datetimes and timedeltas."""
    return cast("JSON", _adapter(kind).dump_python(facts, mode="json"))  # type: ignore[arg-type]  # a class is hashable


def from_json(kind: type[F], data: JSON) -> F:
    """The facts that `to_json` wrote, equal to the original."""
    return cast("F", _adapter(kind).validate_python(data))  # type: ignore[arg-type]  # a class is hashable


def canonical(data: object) -> bytes:
    """The canonical bytes of a JSON value, for digests and seals: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def digest(data: object) -> str:
    """The sha256 of a JSON value's canonical form, as 64 hex digits."""
    return hashlib.sha256(canonical(data)).hexdigest()


def evidence_digest(observation: str, component: str, facts: JSON) -> str:
    """The digest by which facts are known as evidence."""
    return digest({"observation": observation, "component": component, "facts": facts})
