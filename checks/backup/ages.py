"""Ages by the clock of AWS, so that a wrong local clock makes no backup look old or fresh."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from basewatch.quantities import format_duration

_MINUTE = timedelta(minutes=1)
# The clocks of AWS differ by less than this, so a time further in the future is not used.
_MAX_CLOCK_SKEW = timedelta(minutes=5)


def age(moment: datetime | None, now: datetime) -> timedelta | None:
    """The age of `moment` at `now`, not negative; None when the moment is unknown or more than 5 minutes ahead."""
    if moment is None or moment - now > _MAX_CLOCK_SKEW:
        return None
    return max(now - moment, timedelta())


def known_age(created: datetime, since: date | None, now: datetime) -> timedelta:
    """How long a resource has existed at `now`: since it was created, or since the end of its declared day before."""
    declared = datetime.combine(since, time.max, UTC) if since else created
    return now - min(created, declared)


def minutes_text(duration: timedelta) -> str:
    """The duration as text, rounded down to the minute: `12m`, `3h5m`, `35d`."""
    return format_duration(duration // _MINUTE * _MINUTE)
