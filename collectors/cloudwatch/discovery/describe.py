"""Building blocks of discovery specs: match dimensions and ARNs, and list resources by their service's API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.collector import DescribedResource, MeasuredResource


def for_dimensions(
    *dimensions: str, build: Callable[..., MeasuredResource]
) -> Callable[[Mapping[str, str]], MeasuredResource | None]:
    """Calls `build` with the values of exactly these dimensions, in this order; returns None for any other set."""

    def measured(found: Mapping[str, str]) -> MeasuredResource | None:
        return build(*(found[name] for name in dimensions)) if set(found) == set(dimensions) else None

    return measured


def arn_pattern(pattern: str) -> Callable[[str], Mapping[str, str] | None]:
    """Matches the resource part of an ARN; the named groups of `pattern` are the dimensions.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    compiled = re.compile(pattern)

    def of_arn(arn: str) -> Mapping[str, str] | None:
        parts = arn.split(":", 5)
        found = compiled.fullmatch(parts[5]) if parts[0] == "arn" and len(parts) == 6 else None  # noqa: PLR2004  # arn:partition:service:region:account:resource
        return found.groupdict() if found else None

    return of_arn


def account_level(_aws: AwsClient) -> Iterator[DescribedResource]:
    """The resource without dimensions that every account has; sends no request."""
    yield DescribedResource(dimensions={})


def list_entries(
    aws: AwsClient, service: str, operation: str, key: str, *, may_be_absent: bool = False, **parameters: Any
) -> Iterator[dict[str, Any]]:
    """The objects under `key` on all pages of a listing.

    `may_be_absent` is for services that omit `key` on an empty page. Raises: ObservationError, also for an entry or a
    page of unknown shape.
    """
    for page in aws.pages(service, operation, **parameters):
        yield from objects(page, key, may_be_absent=may_be_absent)


def objects(answer: Mapping[str, Any], key: str, *, may_be_absent: bool = False) -> Iterator[dict[str, Any]]:
    """The objects under `key` of one response. Raises: ObservationError."""
    found: list[Any] | None = optional(answer, key, kind=list) if may_be_absent else required(answer, key, kind=list)
    for position in range(len(found or ())):
        yield required(answer, key, position, kind=dict)


def strings(answer: Mapping[str, Any], key: str, *, may_be_absent: bool = False) -> Iterator[str]:
    """The strings under `key` of one response. Raises: ObservationError."""
    found: list[Any] | None = optional(answer, key, kind=list) if may_be_absent else required(answer, key, kind=list)
    for position in range(len(found or ())):
        yield required(answer, key, position, kind=str)


def tags(entry: Mapping[str, Any], key: str) -> Mapping[str, str] | None:
    """The tags under `key`, in either of AWS's shapes; None when there is no such key. Raises: ObservationError."""
    if isinstance(entry.get(key), Mapping):
        found: dict[str, Any] = required(entry, key, kind=dict)
        return {name: required(found, name, kind=str) for name in found}
    pairs: list[Any] | None = optional(entry, key, kind=list)
    if pairs is None:
        return None
    return {required(pair, "Key", kind=str): required(pair, "Value", kind=str) for pair in objects(entry, key)}
