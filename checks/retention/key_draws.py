"""Draws versions all over the keys of a bucket that is too large to list, and finds its last keys."""

from __future__ import annotations

import random
import string
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from checks.retention.version_pages import LIST, DeleteMarker, ObjectVersion, markers_of, versions_of

# With 20 pages of the listing and one call for each sampled version, a bucket costs less than 300 calls.
_CALLS = 140
_VERSIONS_OF_A_PLACE = 100
_MAX_DEPTH = 12
_TRIES = 4
_TRIES_OF_THE_LAST = 12
_OF_THE_LAST = 5
_EVERY = 20
_CHARACTERS = 24
_KINDS = (
    string.digits,
    "0123456789ABCDEF",
    "0123456789abcdef",
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.digits + string.ascii_uppercase,
    string.digits + string.ascii_lowercase,
    string.digits + string.ascii_uppercase + string.ascii_lowercase,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A version that was drawn; `population` estimates how many there are in all, None where that is not known."""

    version: ObjectVersion
    population: int | None


@dataclass(slots=True, kw_only=True)
class KeySpace:
    """What is known of the keys of a bucket: the pages of its folders, some keys and the ends of the large ones.

    `longest` is, by depth, the last name of a large folder, which others of that depth are likely to have too.

    `versions` and `markers` are all that was seen on any page; `calls` is how many calls may still be made.
    """

    aws: AwsClient
    bucket: str
    chance: random.Random
    calls: int = _CALLS
    versions: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    markers: list[DeleteMarker] = field(default_factory=list[DeleteMarker])
    folders: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    keys: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ends: dict[str, str] = field(default_factory=dict[str, str])
    longest: dict[int, str] = field(default_factory=dict[int, str])
    failures: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict[str, Counter[int]](Counter))

    def draws(self, count: int) -> Iterator[Draw]:
        """At most `count` independent draws: each folder of a level has the same chance, and its own versions too.

        In a folder with more than 1,000 entries, a version behind a random key is drawn: one after a wide gap is more
        likely than one of many close together. A folder that has no version is no draw.
        """
        for _ in range(count * 2):
            if count <= 0 or self.calls <= _MAX_DEPTH + _TRIES_OF_THE_LAST:
                return
            drawn = self._draw()
            if drawn:
                count -= 1
                yield drawn

    def last(self) -> tuple[ObjectVersion, ...]:
        """The last versions by key, as far as they can be found: names that grow have the newest there."""
        prefix, page = "", self._folder("")
        for _ in range(_MAX_DEPTH):
            inside = _folders_of(page)
            if _is_cut(page) or not inside:
                break
            prefix = inside[-1]
            page = self._folder(prefix)
        tries = _TRIES_OF_THE_LAST if _is_cut(page) else 0
        while tries and self.ends.get(prefix) != max(self.keys[prefix]):
            tries -= 1
            self._behind_a_key(prefix, last=True)
        behind = frozenset(version for version in self.versions if version.key.startswith(prefix))
        return tuple(sorted(behind, key=lambda version: (version.key, version.last_modified))[-_OF_THE_LAST:])

    def look_at(self, key: str) -> None:
        """Sees the versions and markers of one key."""
        self._ask(Prefix=key, MaxKeys=_VERSIONS_OF_A_PLACE)

    def _draw(self) -> Draw | None:
        prefix, chances = "", 1
        for _ in range(_MAX_DEPTH):
            page = self._folder(prefix)
            if _is_cut(page):
                break
            inside, own = _folders_of(page), versions_of(page)
            choices = len(inside) + bool(own)
            if not choices:
                return None
            chances *= choices
            chosen = self.chance.randrange(choices)
            if chosen == len(inside):
                return Draw(version=self.chance.choice(own), population=chances * len(own))
            prefix = inside[chosen]
        for _ in range(_TRIES):
            if behind := self._behind_a_key(prefix, last=False):
                return Draw(version=self.chance.choice(behind), population=None)
        return None

    def _behind_a_key(self, prefix: str, *, last: bool) -> list[ObjectVersion]:
        """The versions behind a random key of a large folder, or behind the last key that was seen there."""
        seen = self.keys[prefix]
        low = max(seen) if last else min(seen)
        high = self.ends.get(prefix, "")
        if not high and not last and self.chance.randrange(4):
            high = prefix + self.longest.get(prefix.count("/"), "")
        closed = frozenset(place for place, count in self.failures[prefix].items() if count >= _TRIES)
        marker = random_key(low, high, len(prefix), seen=seen, closed=closed, chance=self.chance)
        before = len(self.versions)
        page = self._ask(Prefix=prefix, KeyMarker=marker, MaxKeys=_VERSIONS_OF_A_PLACE)
        found = self.versions[before:]
        keys = [version.key for version in found]
        place = next((index for index, (one, other) in enumerate(zip(marker, low, strict=False)) if one != other), 0)
        if marker[place : place + 1] > max((key[place : place + 1] for key in seen), default=""):
            # Nothing with a larger character is there when the next key differs earlier, or there is none.
            self.failures[prefix][place] += not keys or not keys[0].startswith(low[:place])
        seen.extend([*keys[::_EVERY], *keys[-1:]])
        if not keys or not _is_cut(page):
            self.ends[prefix] = keys[-1] if keys else min(marker, self.ends.get(prefix, marker))
            level, end = prefix.count("/"), max(seen).removeprefix(prefix)
            self.longest[level] = max(end, self.longest.get(level, ""))
        return found

    def _folder(self, prefix: str) -> dict[str, Any]:
        if prefix not in self.folders:
            page = self._ask(Prefix=prefix, Delimiter="/")
            self.folders[prefix] = page
            names = sorted([version.key for version in versions_of(page)] + _folders_of(page))
            self.keys[prefix] = [*names[::_EVERY], *names[-1:]] or [prefix]
        return self.folders[prefix]

    def _ask(self, **parameters: Any) -> dict[str, Any]:
        self.calls -= 1
        page = self.aws.call("s3", LIST, Bucket=self.bucket, **parameters)
        self.versions.extend(versions_of(page))
        self.markers.extend(markers_of(page))
        return page


def random_key(
    low: str, high: str, start: int, *, seen: list[str], closed: frozenset[int], chance: random.Random
) -> str:
    """A key from `low` to `high` that differs from them behind `start`; an empty `high` is no bound.

    Each character is of the kind that the keys seen have there, such as digits, and at `closed` places of no wider one.
    """
    chosen, above_low, below_high = low[:start], False, not high.startswith(low[:start])
    for place in range(start, start + _CHARACTERS):
        letter, bound = low[place : place + 1], high[place : place + 1]
        if not letter:
            break
        letters = _kind(seen, place, chance, closed=place in closed)
        least = "" if above_low else letter
        most = bound if bound and not below_high else "\U0010ffff"
        letter = chance.choice([each for each in letters if least <= each <= most] or [letter])
        above_low = above_low or letter > low[place : place + 1]
        below_high = below_high or letter < bound
        chosen += letter
    return max(chosen, low)


def _kind(seen: list[str], place: int, chance: random.Random, *, closed: bool) -> str:
    """The characters that can be at a place: those that keys have there, or others of the kind too.

    Digits alone do not tell that no letters follow, until that was tried and the place is `closed`.
    """
    found = {key[place] for key in seen if len(key) > place}
    kinds = [kind for kind in _KINDS if found <= set(kind)]
    if not kinds or (len(found) > 1 and chance.randrange(2)):
        return "".join(sorted(found))
    return kinds[0] if closed else kinds[-1]


def _folders_of(page: dict[str, Any]) -> list[str]:
    return [required(entry, "Prefix", kind=str) for entry in optional(page, "CommonPrefixes", kind=list) or ()]


def _is_cut(page: dict[str, Any]) -> bool:
    return required(page, "IsTruncated", kind=bool)
