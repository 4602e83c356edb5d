"""How one observation ended: with evidence, with a declared thing that does not exist, or without an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from basewatch.model import Evidence, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The platform answered that the component does not exist: a fact, so its checks FAIL."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Nobody could tell: its checks are UNVERIFIED with this reason."""

    reason: Reason
    detail: str
    remedy: str = ""


Outcome: TypeAlias = Evidence | Missing | Unanswered
