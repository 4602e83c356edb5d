"""How long a database's catalogue stayed as it was: what makes a proof hold between two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogInterval:
    """A span in which every poll of a database's catalogue gave one fingerprint.

    `longest_gap` is the longest time between two polls of it. `proved_at` is when the static proof was first made of
    this catalogue, `searched_at` when counterexamples were last searched; None for never.
    """

    component: str
    fingerprint: str
    first_seen: datetime
    last_seen: datetime
    polls: int
    longest_gap: timedelta
    proved_at: datetime | None = None
    searched_at: datetime | None = None
