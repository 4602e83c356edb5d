"""The condition of a finding over passes: since when it has failed, or has not, and how often that changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whether the finding `key` has the status `status`, FAIL or UNVERIFIED, and since when.

    `holds` is what the newest pass saw that could tell: a pass that could not verify says nothing about FAIL. `since`
    is when the first pass saw it so, and `confirmed_at` when the newest one did, `run`. `passes` counts the first of
    these and every full pass after it. `changes` are the times at which `holds` changed, as far as they still count for
    `flapping`.
    """

    key: str
    status: Status
    check: str
    component: str
    holds: bool
    since: datetime
    confirmed_at: datetime
    run: str
    passes: int = 1
    changes: tuple[datetime, ...] = ()
    flapping: bool = False
