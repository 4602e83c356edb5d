"""Chooses versions of a listing: by rule, or at random by a seed, so that it can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

from checks.retention.version_pages import ObjectVersion

# More versions than these are not chosen by rule, so that most of a sample is by chance.
_MOST_BY_RULE = 12


def uniform(versions: Sequence[ObjectVersion], size: int, seed: str) -> tuple[ObjectVersion, ...]:
    """At most `size` versions, each with the same chance.

    Equal versions and seeds give equal samples, in any order of the listing; another seed gives another sample.
    """
    return tuple(sorted(versions, key=lambda version: _random_key(seed, version))[:size])


def by_rule(versions: Sequence[ObjectVersion], seed: str) -> tuple[ObjectVersion, ...]:
    """At most 12 versions: the oldest, the newest, one that is not the latest of its key, and one per prefix."""
    shuffled = sorted(versions, key=lambda version: _random_key(seed, version))
    return tuple(dict.fromkeys(_chosen_by_rule(shuffled)))[:_MOST_BY_RULE]


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
