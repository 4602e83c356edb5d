"""Lists the versions of an audit bucket in bounded time: all of them, or the first and draws all over its keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, required
from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.retention.inventory import Inventory, newest_inventory
from checks.retention.key_draws import Draw, KeySpace
from checks.retention.version_pages import LIST, DeleteMarker, ObjectVersion, markers_of, versions_of

# 20,000 versions, which S3 lists in a few seconds.
_PAGES = 20


@dataclass(slots=True, kw_only=True)
class VersionListing:
    """The versions and markers that were seen.

    `versions` are the first by key; when `complete`, they are all of the bucket. If not, `inventory` is its S3
    Inventory, or why there is none to use, and then `drawn` are independent draws over all keys. `last` are the last
    versions by key, `visited` everything seen on the way.
    """

    versions: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    visited: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    drawn: list[Draw] = field(default_factory=list[Draw])
    last: tuple[ObjectVersion, ...] = ()
    markers: list[DeleteMarker] = field(default_factory=list[DeleteMarker])
    complete: bool = False
    aws_time: datetime | None = None
    seed: str = ""
    inventory: Inventory | str = ""

    @property
    def population(self) -> int | None:
        """How many versions there are: counted, or estimated from the draws; None when those do not say."""
        if self.complete:
            return len(self.versions)
        if isinstance(self.inventory, Inventory):
            return self.inventory.versions if self.inventory.complete else None
        found = [draw.population for draw in self.drawn if draw.population is not None]
        return None if not found or len(found) < len(self.drawn) else max(round(mean(found)), len(self.versions))


def list_versions(aws: AwsClient, bucket: AuditBucket, draws: int) -> VersionListing:
    """The versions of the bucket, or the first and at most so many draws, others each day.

    Raises: ObservationError, also when a page does not say how the listing goes on; NotFoundError.
    """
    found, truncated, pages, last = VersionListing(), True, 0, dict[str, Any]()
    for last in aws.pages("s3", LIST, limit=_PAGES, Bucket=bucket.name):
        pages += 1
        truncated = required(last, "IsTruncated", kind=bool)
        found.aws_time = found.aws_time or answered_at(last)
        found.versions.extend(versions_of(last))
        found.markers.extend(markers_of(last))
    found.complete = not truncated
    found.seed = f"{bucket.name} {found.aws_time:%Y-%m-%d}" if found.aws_time else bucket.name
    if truncated and pages < _PAGES:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "S3 cut the listing off without saying where it goes on")
    if truncated:
        _look_behind(aws, bucket, found, draws)
    return found


def _look_behind(aws: AwsClient, bucket: AuditBucket, found: VersionListing, draws: int) -> None:
    """Adds what is known of the versions that were not listed, by the inventory or else by draws."""
    chance = random.Random(found.seed)  # noqa: S311  # it chooses a sample, not a secret
    if found.aws_time:
        found.inventory = newest_inventory(aws, bucket, found.aws_time, draws, chance)
    space = KeySpace(aws=aws, bucket=bucket.name, chance=chance)
    if isinstance(found.inventory, str):
        found.drawn.extend(space.draws(draws))
    else:
        for key in found.inventory.hidden:
            space.look_at(key)
    found.last = space.last()
    found.visited.extend(space.versions)
    found.markers.extend(space.markers)
