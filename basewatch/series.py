"""The samples of a metric as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One number of a series and the end of the period it covers (aware UTC)."""

    period_end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The samples of one metric over the window, oldest first; values are in the family's base unit."""

    name: str
    labels: tuple[tuple[str, str], ...]
    period: timedelta
    points: tuple[Point, ...]
