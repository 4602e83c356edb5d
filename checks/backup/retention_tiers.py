"""Whether the promised daily, weekly, monthly and yearly backups are kept, by the times of those that exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, TypeAlias

from basewatch.component_settings import RetentionTiers
from basewatch.model import Reason, Verdict, failed, passed, unverified

_TIERS = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
    "yearly": timedelta(days=366),
}
# A dump near midnight or at the end of a month can be half a period late; then the next is not missing.
_LATE = 1.5
# The oldest dump of a tier has just become the last but one, or months and years are shorter than the longest.
_SLACK = 0.25

_State: TypeAlias = Literal["kept", "lost", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tier:
    name: str
    state: _State
    text: str


def tiers_verdict(
    moments: Sequence[datetime], keep: RetentionTiers, since: date | None, now: datetime, *, noun: str
) -> Verdict:
    """The verdict on backups of these times, oldest first; `since` is the day of the first, and `noun` such a backup.

    UNVERIFIED, when the oldest is younger than promised and `since` is not known.
    """
    promised = {name: getattr(keep, name) for name in _TIERS}
    expected = ", ".join(f"{count} {name}" for name, count in promised.items() if count)
    if not moments:
        return failed(f"There is no {noun}", observed=f"no {noun}", expected=expected)
    tiers = [_tier(name, count, moments, since, now) for name, count in promised.items() if count]
    observed = "; ".join(f"{tier.name}: {tier.text}" for tier in tiers)
    lost = [tier.name for tier in tiers if tier.state == "lost"]
    unknown = [tier.name for tier in tiers if tier.state == "unknown"]
    if lost:
        return failed(f"Promised {noun}s are not kept: {', '.join(lost)}", observed=observed, expected=expected)
    if unknown:
        summary = f"The oldest {noun} is younger than promised: {', '.join(unknown)}"
        remedy = f"declare `since`, the day of the first {noun}; if there were older ones, find out what deleted them"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    return passed(f"The promised {noun}s are kept", observed=observed, expected=expected)


def _tier(name: str, count: int, moments: Sequence[datetime], first_day: date | None, now: datetime) -> _Tier:
    """Whether the tier is kept: how far back it has to reach, and the widest gap on the way."""
    period = _TIERS[name]
    start = now - max(count - 1 - _SLACK, 0) * period
    since = datetime.combine(first_day, time.max, UTC) if first_day else None
    if since is not None and since > start:
        # The first dump of the tier is due by then.
        start = since + _LATE * period
    older = [moment for moment in moments if moment <= start]
    chain = [*older[-1:], *(moment for moment in moments if moment > start), now]
    gap, end = max((later - earlier, later) for earlier, later in pairwise(chain))
    if gap > _LATE * period:
        return _Tier(name=name, state="lost", text=f"none for {gap.days} days until {end:%Y-%m-%d}")
    text = f"back to {chain[0]:%Y-%m-%d}"
    if older:
        return _Tier(name=name, state="kept", text=text)
    return _Tier(name=name, state="lost" if since is not None else "unknown", text=text)
