"""Lists an S3 bucket, and records whether the listing is complete and the time on AWS's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws.client import AwsClient
from basewatch.aws.response import answered_at, optional, required


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Listing:
    """The entries of a bucket as AWS returned them; `complete` is False when there are more pages than were read."""

    entries: tuple[dict[str, Any], ...]
    complete: bool
    answered_at: datetime | None


def list_bucket(aws: AwsClient, operation: str, entries: str, *, pages: int, **parameters: Any) -> S3Listing:
    """The values under `entries` in at most `pages` pages, of 1,000 entries each, of an S3 listing operation.

    Raises: ObservationError, also when a page does not say whether it is the last; NotFoundError, when there is no such
    bucket.
    """
    found: list[dict[str, Any]] = []
    truncated, at = True, None
    for page in aws.pages("s3", operation, limit=pages, **parameters):
        truncated = required(page, "IsTruncated", kind=bool)
        at = at or answered_at(page)
        found.extend(optional(page, entries, kind=list) or ())
    return S3Listing(entries=tuple(found), complete=not truncated, answered_at=at)
