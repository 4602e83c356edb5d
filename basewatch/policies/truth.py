"""Three-valued answers: what is true or false in every case, and what depends on context keys that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Truth(Enum):
    """Whether something holds; UNKNOWN is true for some values of what is not known, and false for others."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """A truth, and the context keys on which an UNKNOWN one depends."""

    truth: Truth
    missing: frozenset[str] = frozenset()

    def __invert__(self) -> Answer:
        opposite = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
        return Answer(opposite[self.truth], self.missing)

    @classmethod
    def of(cls, holds: bool) -> Answer:  # noqa: FBT001  # a conversion of one value
        """TRUE or FALSE."""
        return YES if holds else NO

    @classmethod
    def depends_on(cls, *keys: str) -> Answer:
        """UNKNOWN, because these context keys are not known."""
        return cls(Truth.UNKNOWN, frozenset(keys))


YES = Answer(Truth.TRUE)
NO = Answer(Truth.FALSE)


def every(answers: Iterable[Answer]) -> Answer:
    """Whether all hold: FALSE as soon as one is, and TRUE for none at all."""
    missing = frozenset[str]()
    unknown = False
    for answer in answers:
        if answer.truth is Truth.FALSE:
            return NO
        if answer.truth is Truth.UNKNOWN:
            unknown, missing = True, missing | answer.missing
    return Answer(Truth.UNKNOWN, missing) if unknown else YES


def some(answers: Iterable[Answer]) -> Answer:
    """Whether at least one holds: TRUE as soon as one does, and FALSE for none at all."""
    return ~every(~answer for answer in answers)
