"""Draws a sample of object versions: some chosen by rule, the rest at random by a seed, so it can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice


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


def sample(versions: Sequence[ObjectVersion], size: int, seed: str) -> tuple[ObjectVersion, ...]:
    """At most `size` versions: the oldest, the newest, one that is not the latest, one per prefix, then random ones.

    Equal versions and seeds give equal samples, in any order of the listing; another seed gives another sample.
    """
    shuffled = sorted(versions, key=lambda version: _random_key(seed, version))
    chosen = dict.fromkeys(_chosen_by_rule(shuffled))
    chosen.update(dict.fromkeys(shuffled))
    return tuple(chosen)[:size]


def _chosen_by_rule(shuffled: Sequence[ObjectVersion]) -> Iterator[ObjectVersion]:
    if not shuffled:
        return
    yield min(shuffled, key=lambda version: version.last_modified)
    yield max(shuffled, key=lambda version: version.last_modified)
    yield from islice((version for version in shuffled if not version.is_latest), 1)
    seen = set[str]()
    for version in shuffled:
        if version.prefix not in seen:
            seen.add(version.prefix)
            yield version


def _random_key(seed: str, version: ObjectVersion) -> bytes:
    return hashlib.sha256("\x00".join((seed, version.key, version.version_id)).encode()).digest()
