"""Reads the pages of ListObjectVersions: versions and delete markers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws.response import optional, required

LIST = "ListObjectVersions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One listed version of an object; `is_latest` is False when it was overwritten or deleted later."""

    key: str
    version_id: str
    last_modified: datetime
    is_latest: bool

    @property
    def prefix(self) -> str:
        """The first folder of the key, or empty."""
        return self.key.partition("/")[0] if "/" in self.key else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMarker:
    """A delete marker; it hides the versions of its key when `is_latest`."""

    key: str
    written: datetime
    is_latest: bool


def versions_of(page: dict[str, Any]) -> list[ObjectVersion]:
    """The versions of a page, by key."""
    return [
        ObjectVersion(
            key=required(entry, "Key", kind=str),
            version_id=required(entry, "VersionId", kind=str),
            last_modified=required(entry, "LastModified", kind=datetime),
            is_latest=required(entry, "IsLatest", kind=bool),
        )
        for entry in optional(page, "Versions", kind=list) or ()
    ]


def markers_of(page: dict[str, Any]) -> list[DeleteMarker]:
    """The delete markers of a page, by key."""
    return [
        DeleteMarker(
            key=required(entry, "Key", kind=str),
            written=required(entry, "LastModified", kind=datetime),
            is_latest=required(entry, "IsLatest", kind=bool),
        )
        for entry in optional(page, "DeleteMarkers", kind=list) or ()
    ]
