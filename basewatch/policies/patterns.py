"""Patterns of policies: `*` is any text, `?` any character. What is compared may be a pattern too."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

_MANY, _ONE = "*", "?"


@cache
def covers(pattern: str, subject: str) -> bool:
    """Whether a pattern matches all that `subject` matches; a subject without wildcards is one text."""
    star = resume = -1
    at = within = 0
    while within < len(subject):
        if at < len(pattern) and pattern[at] == _MANY:
            star, resume, at = at, within, at + 1
        elif at < len(pattern) and _covers_one(pattern[at], subject[within]):
            at, within = at + 1, within + 1
        elif star >= 0:
            resume += 1
            at, within = star + 1, resume
        else:
            return False
    return all(rest == _MANY for rest in pattern[at:])


def _covers_one(pattern: str, subject: str) -> bool:
    return pattern == subject or (pattern == _ONE and subject != _MANY)


@cache
def overlaps(one: str, other: str) -> bool:
    """Whether there is a text that both patterns match."""
    # The states are the places in `other` that a text can have reached after each character of `one`.
    reached = _skipping_stars(other, {0})
    for character in one:
        if character == _MANY:
            reached = set(range(min(reached), len(other) + 1)) if reached else reached
        else:
            reached = _skipping_stars(
                other,
                {
                    place if other[place] == _MANY else place + 1
                    for place in reached
                    if place < len(other) and (other[place] in (_MANY, _ONE, character) or character == _ONE)
                },
            )
    return len(other) in reached


def _skipping_stars(pattern: str, places: set[int]) -> set[int]:
    """The places, and those behind the stars at which they stand: a star also matches nothing."""
    found = set(places)
    for start in places:
        place = start
        while place < len(pattern) and pattern[place] == _MANY:
            place += 1
            found.add(place)
    return found


def covers_arn(pattern: str, arn: str) -> bool:
    """Whether an ARN pattern of a condition matches: each of the six parts between colons is compared by itself."""
    return _by_parts(pattern, arn, covers)


def overlaps_arn(pattern: str, arn: str) -> bool:
    """Whether there is an ARN that both patterns match, part by part."""
    return _by_parts(pattern, arn, overlaps)


def _by_parts(pattern: str, arn: str, matches: Callable[[str, str], bool]) -> bool:
    if pattern == _MANY:
        return True
    parts, of_arn = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(of_arn) and all(matches(*pair) for pair in zip(parts, of_arn, strict=True))
