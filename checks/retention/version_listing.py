"""Lists the versions of an audit bucket in bounded time: all of them, or the first and draws all over its keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, required
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.retention.key_draws import Draw, KeySpace
from checks.retention.version_pages import LIST, DeleteMarker, ObjectVersion, markers_of, versions_of

# 20,000 versions, which S3 lists in a few seconds.
_PAGES = 20


@dataclass(slots=True, kw_only=True)
class VersionListing:
    """The versions and markers that were seen.

    `versions` are the first by key; when `complete`, they are all of the bucket. If not, `drawn` are independent draws
    over all keys, `last` the last versions by key, `visited` everything seen on the way.
    """

    versions: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    visited: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    drawn: list[Draw] = field(default_factory=list[Draw])
    last: tuple[ObjectVersion, ...] = ()
    markers: list[DeleteMarker] = field(default_factory=list[DeleteMarker])
    complete: bool = False
    aws_time: datetime | None = None
    seed: str = ""

    @property
    def population(self) -> int | None:
        """How many versions there are: counted, or estimated from the draws; None when those do not say."""
        if self.complete:
            return len(self.versions)
        found = [draw.population for draw in self.drawn if draw.population is not None]
        return None if not found or len(found) < len(self.drawn) else max(round(mean(found)), len(self.versions))


def list_versions(aws: AwsClient, bucket: str, draws: int) -> VersionListing:
    """The versions of the bucket, or the first and at most so many draws, others each day.

    Raises: ObservationError, also when a page does not say how the listing goes on; NotFoundError.
    """
    found, truncated, pages, last = VersionListing(), True, 0, dict[str, Any]()
    for last in aws.pages("s3", LIST, limit=_PAGES, Bucket=bucket):
        pages += 1
        truncated = required(last, "IsTruncated", kind=bool)
        found.aws_time = found.aws_time or answered_at(last)
        found.versions.extend(versions_of(last))
        found.markers.extend(markers_of(last))
    found.complete = not truncated
    found.seed = f"{bucket} {found.aws_time:%Y-%m-%d}" if found.aws_time else bucket
    if truncated and pages < _PAGES:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "S3 cut the listing off without saying where it goes on")
    if truncated:
        chance = random.Random(found.seed)  # noqa: S311  # it chooses a sample, not a secret
        space = KeySpace(aws=aws, bucket=bucket, chance=chance)
        found.drawn.extend(space.draws(draws))
        found.last = space.last()
        found.visited.extend(space.versions)
        found.markers.extend(space.markers)
    return found
