"""A period in which a database's catalogue did not change, so that a proof stays valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogInterval:
    """A period in which every poll of a database's catalogue gave the same fingerprint.

    `longest_gap` is the longest time between two polls. `proved_at` is the time of the first static proof of this
    catalogue, `searched_at` the time of the last search for counterexamples; None means never.
    """

    component: str
    fingerprint: str
    first_seen: datetime
    last_seen: datetime
    polls: int
    longest_gap: timedelta
    proved_at: datetime | None = None
    searched_at: datetime | None = None
