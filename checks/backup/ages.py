"""Ages by the clock of AWS, so that a wrong local clock makes no backup look old or fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from basewatch.quantities import format_duration

_MINUTE = timedelta(minutes=1)
# The clocks of AWS differ by less than this, so a time further in the future is not used.
_MAX_CLOCK_SKEW = timedelta(minutes=5)


def age(moment: datetime | None, now: datetime) -> timedelta | None:
    """The age of `moment` at `now`, not negative; None when the moment is unknown or more than 5 minutes ahead."""
    if moment is None or moment - now > _MAX_CLOCK_SKEW:
        return None
    return max(now - moment, timedelta())


def minutes_text(duration: timedelta) -> str:
    """The duration as text, rounded down to the minute: `12m`, `3h5m`, `35d`."""
    return format_duration(duration // _MINUTE * _MINUTE)
