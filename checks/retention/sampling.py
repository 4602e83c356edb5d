"""Chooses the object versions to look at: the telling ones first, then by a seeded lot that anybody can draw again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One listed version of an object; `is_latest` is False for one that was overwritten or deleted since."""

    key: str
    version_id: str
    last_modified: datetime
    is_latest: bool

    @property
    def prefix(self) -> str:
        """The first folder of the key, or empty."""
        return self.key.partition("/")[0] if "/" in self.key else ""


def sample(versions: Sequence[ObjectVersion], size: int, seed: str) -> tuple[ObjectVersion, ...]:
    """At most `size` versions: the oldest, the newest, one that is not current, one of each prefix, then by lot.

    The same versions and seed give the same sample in any order of listing, and another seed another one.
    """
    drawn = sorted(versions, key=lambda version: _lot(seed, version))
    chosen = dict.fromkeys(_telling(drawn))
    chosen.update(dict.fromkeys(drawn))
    return tuple(chosen)[:size]


def _telling(drawn: Sequence[ObjectVersion]) -> Iterator[ObjectVersion]:
    if not drawn:
        return
    yield min(drawn, key=lambda version: version.last_modified)
    yield max(drawn, key=lambda version: version.last_modified)
    yield from islice((version for version in drawn if not version.is_latest), 1)
    seen = set[str]()
    for version in drawn:
        if version.prefix not in seen:
            seen.add(version.prefix)
            yield version


def _lot(seed: str, version: ObjectVersion) -> bytes:
    return hashlib.sha256("\x00".join((seed, version.key, version.version_id)).encode()).digest()
