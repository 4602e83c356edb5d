"""What could not be read beside facts that were: a fact that breaks a promise decides, and only a PASS needs it all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from basewatch.errors import ObservationError
from basewatch.model import Reason, Verdict, unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why a part of what a check needs could not be read."""

    reason: Reason
    detail: str
    remedy: str
    source: str = ""
    action: str = ""

    @classmethod
    def because_of(cls, error: ObservationError) -> Self:
        """The part that this error left out."""
        return cls(
            reason=error.reason, detail=error.detail, remedy=error.remedy, source=error.source, action=error.action
        )

    def verdict(self, *, observed: str, expected: str) -> Verdict:
        """UNVERIFIED, with this reason and its remedy."""
        verdict = unverified(self.reason, self.detail, observed=observed, expected=expected, remedy=self.remedy)
        return replace(verdict, source=self.source, action=self.action)
