"""Lists the versions of an audit bucket in bounded time: all of them, or a part and places all over its keys."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.retention.sampling import ObjectVersion

_LIST = "ListObjectVersions"
# 20,000 versions, which S3 lists in a few seconds. What lies behind is visited at places.
_PAGES = 20
_PLACES = 30
_VISITS = 80
_FOLDERS = 120
_VERSIONS_OF_A_VISIT = 200
_MAX_DEPTH = 12
# Every third visit of a large folder tries to get to its end, where the newest keys often are.
_EVERY_LAST = 3
_OF_THE_LAST = 5
_CHARACTERS = 24
_CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMarker:
    """A delete marker; it hides the versions of its key when `is_latest`."""

    key: str
    written: datetime
    is_latest: bool


@dataclass(slots=True, kw_only=True)
class VersionListing:
    """The versions and markers that were seen; `places` counts the visits behind the first part of the keys.

    `versions` are those of that part, `visited` those at the places, `last` the last of them by key.

    When `complete`, they are all of the bucket, and there were no visits.
    """

    versions: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    visited: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    last: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    markers: list[DeleteMarker] = field(default_factory=list[DeleteMarker])
    complete: bool = False
    places: int = 0
    aws_time: datetime | None = None


def list_versions(aws: AwsClient, bucket: str) -> VersionListing:
    """The versions of the bucket, or of its first part and of places chosen anew each day.

    Raises: ObservationError, also when a page does not say how the listing goes on; NotFoundError.
    """
    found, truncated, pages, last = VersionListing(), True, 0, dict[str, Any]()
    for last in aws.pages("s3", _LIST, limit=_PAGES, Bucket=bucket):
        pages += 1
        truncated = required(last, "IsTruncated", kind=bool)
        found.aws_time = found.aws_time or answered_at(last)
        found.versions.extend(_versions(last))
        found.markers.extend(_markers(last))
    found.complete = not truncated
    if truncated and pages < _PAGES:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "S3 cut the listing off without saying where it goes on")
    if truncated:
        seed = f"{bucket} {found.aws_time:%Y-%m-%d}" if found.aws_time else bucket
        _visit(aws, bucket, found, random.Random(seed))  # noqa: S311  # it chooses a sample, not a secret
    return found


def _visit(aws: AwsClient, bucket: str, found: VersionListing, chance: random.Random) -> None:
    """Adds what lies at places behind the listed versions: the last folder of each level, then folders by chance."""
    listed = set(found.versions)
    search = _Search(aws=aws, bucket=bucket, behind=found.versions[-1].key if found.versions else "", chance=chance)
    for number in range(_VISITS):
        if found.places == _PLACES or len(search.folders) > _FOLDERS:
            break
        prefix = search.descend(last=not number)
        page = search.folders[prefix]
        if required(page, "IsTruncated", kind=bool):
            page = search.place_in(prefix, last=number % _EVERY_LAST == 0)
        fresh = [version for version in _versions(page) if version not in listed]
        found.places += bool(fresh)
        found.visited.extend(fresh)
        found.markers.extend(_markers(page))
        search.seen.extend(version.key for version in fresh)
        if fresh and fresh[-1].key >= max(search.seen):
            found.last = fresh[-_OF_THE_LAST:]


@dataclass(slots=True, kw_only=True)
class _Search:
    """What is known of the keys behind `behind`: pages of folders, keys that were seen, and where folders end."""

    aws: AwsClient
    bucket: str
    behind: str
    chance: random.Random
    folders: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seen: list[str] = field(default_factory=list[str])
    ends: dict[str, str] = field(default_factory=dict[str, str])

    def descend(self, *, last: bool) -> str:
        """A folder behind the listed versions: the last of each level, or one by chance; its page is known then."""
        prefix = ""
        for _ in range(_MAX_DEPTH):
            page = self._folder(prefix)
            entries = optional(page, "CommonPrefixes", kind=list) or ()
            inside = [required(entry, "Prefix", kind=str) for entry in entries]
            inside = [each for each in inside if each >= self.behind[: len(each)]]
            # Beside folders, a level can hold versions of its own.
            if not inside or (_versions(page) and not last and not self.chance.randrange(4)):
                break
            prefix = inside[-1] if last else self.chance.choice(inside)
        self._folder(prefix)
        return prefix

    def place_in(self, prefix: str, *, last: bool) -> dict[str, Any]:
        """The page at a point of a large folder: behind the `last` key that was seen there, or anywhere by chance."""
        low = self.behind if self.behind.startswith(prefix) else _versions(self.folders[prefix])[-1].key
        if last:
            low = max([low, *(key for key in self.seen if key.startswith(prefix))])
        marker = _between(low, self.ends.get(prefix, ""), len(prefix), self.chance)
        page = self.aws.call(
            "s3", _LIST, Bucket=self.bucket, Prefix=prefix, KeyMarker=marker, MaxKeys=_VERSIONS_OF_A_VISIT
        )
        keys = [version.key for version in _versions(page)]
        if not keys or not required(page, "IsTruncated", kind=bool):
            self.ends[prefix] = keys[-1] if keys else min(marker, self.ends.get(prefix, marker))
        return page

    def _folder(self, prefix: str) -> dict[str, Any]:
        if prefix not in self.folders:
            page = self.aws.call("s3", _LIST, Bucket=self.bucket, Prefix=prefix, Delimiter="/")
            self.folders[prefix] = page
        return self.folders[prefix]


def _between(low: str, high: str, start: int, chance: random.Random) -> str:
    """A key between two by chance, of letters and digits where `low` has them; an empty `high` is no bound."""
    chosen, above_low, below_high = low[:start], False, not high.startswith(low[:start])
    for place in range(start, start + _CHARACTERS):
        letter = low[place : place + 1]
        letters = next((each for each in _CLASSES if letter and letter in each), "")
        bound = high[place : place + 1]
        if letters:
            least = letters[0] if above_low else letter
            most = letters[-1] if below_high or not bound or bound > letters[-1] else bound
            letter = chance.choice([each for each in letters if least <= each <= most] or [letter])
        if not letter or (below_high and above_low and place > start + _CHARACTERS // 2):
            break
        above_low = above_low or letter > low[place : place + 1]
        below_high = below_high or letter < bound
        chosen += letter
    return max(chosen, low)


def _versions(page: dict[str, Any]) -> list[ObjectVersion]:
    return [
        ObjectVersion(
            key=required(entry, "Key", kind=str),
            version_id=required(entry, "VersionId", kind=str),
            last_modified=required(entry, "LastModified", kind=datetime),
            is_latest=required(entry, "IsLatest", kind=bool),
        )
        for entry in optional(page, "Versions", kind=list) or ()
    ]


def _markers(page: dict[str, Any]) -> list[DeleteMarker]:
    return [
        DeleteMarker(
            key=required(entry, "Key", kind=str),
            written=required(entry, "LastModified", kind=datetime),
            is_latest=required(entry, "IsLatest", kind=bool),
        )
        for entry in optional(page, "DeleteMarkers", kind=list) or ()
    ]
