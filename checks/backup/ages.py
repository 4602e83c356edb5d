"""Which clock ages are reckoned on: that of AWS, so that a wrong clock here makes no backup look old or fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from basewatch.quantities import format_duration

_MINUTE = timedelta(minutes=1)
# AWS' clocks agree better than this; a backup that is more than this ahead of them has no age.
_AHEAD = timedelta(minutes=5)


def age(moment: datetime | None, now: datetime) -> timedelta | None:
    """How old `moment` was at `now`; None when it is unknown or lies ahead, which is no age to judge by."""
    if moment is None or moment - now > _AHEAD:
        return None
    return max(now - moment, timedelta())


def minutes_text(duration: timedelta) -> str:
    """A span as people read it, to the minute: `12m`, `3h5m`, `35d`."""
    return format_duration(duration // _MINUTE * _MINUTE)
