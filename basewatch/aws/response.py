"""Reads fields of an AWS answer by path and type, so that a missing or unknown field never becomes a fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, TypeVar, cast

from basewatch.errors import ObservationError
from basewatch.model import Reason

T = TypeVar("T")


def required(response: Mapping[str, Any], *path: str | int, kind: type[T]) -> T:
    """The value at `path`, such as `"DBClusters", 0, "Status"`; datetimes are in UTC, enums are read by value.

    Raises: ObservationError with NOT_ENOUGH_DATA when it is missing or null, UNSUPPORTED when it is not a `kind`.
    """
    value = optional(response, *path, kind=kind)
    if value is None:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"the answer of AWS has no {_path_text(path)}")
    return value


def optional(response: Mapping[str, Any], *path: str | int, kind: type[T]) -> T | None:
    """The value at `path`, or None when it is missing or null.

    Raises: ObservationError with UNSUPPORTED when there is a value and it is not a `kind`.
    """
    value = _at(response, path)
    if value is None:
        return None
    converted = _converted(value, kind)
    if converted is None:
        found = f"the unknown value {str(value)[:80]!r}" if issubclass(kind, Enum) else f"a {type(value).__name__}"
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the answer of AWS has {found} at {_path_text(path)}, where a {kind.__name__} was expected",
            remedy="report this with the version of Basewatch: AWS may have added a value that it does not know",
        )
    return converted


def listed(response: Mapping[str, Any], *path: str | int) -> list[Any]:
    """The list at `path`; empty when it is missing, for services that leave an empty list out of their answer.

    Raises: ObservationError with UNSUPPORTED when there is something else.
    """
    return optional(response, *path, kind=list) or []


def accepted_error(response: Mapping[str, Any]) -> str:
    """The error code that the caller accepted (`accepted_errors` of the call), empty when there was none."""
    return str(response.get("Error", {}).get("Code", ""))


def answered_at(response: Mapping[str, Any]) -> datetime | None:
    """The time on AWS's clock, to the second, from the Date header; None without that header."""
    header = _at(response, ("ResponseMetadata", "HTTPHeaders", "date"))
    try:
        return parsedate_to_datetime(str(header)).astimezone(UTC)
    except ValueError:
        return None


def _at(response: object, path: tuple[str | int, ...]) -> Any:
    value: Any = response
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _converted(value: Any, kind: type[T]) -> T | None:
    if issubclass(kind, Enum):
        return next((member for member in kind if member.value == value), None)
    if kind is float and type(value) is int:
        return cast("T", float(value))
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return None
    if isinstance(value, datetime):
        return cast("T", value.astimezone(UTC)) if value.tzinfo else None
    return value


def _path_text(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
