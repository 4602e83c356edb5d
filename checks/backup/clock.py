"""Which clock ages are reckoned on: that of AWS, so that a wrong clock here makes no backup look old or fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from basewatch.quantities import duration_text

_MINUTE = timedelta(minutes=1)
# AWS' clocks agree better than this; a backup that is more than this ahead of them has no age.
_AHEAD = timedelta(minutes=5)


def age(moment: datetime | None, clock: datetime) -> timedelta | None:
    """How old `moment` was at `clock`; None when it is unknown or lies ahead, which is no age to judge by."""
    if moment is None or moment - clock > _AHEAD:
        return None
    return max(clock - moment, timedelta())


def minutes_text(span: timedelta) -> str:
    """A span as people read it, to the minute: `12m`, `3h5m`, `35d`."""
    return duration_text(span // _MINUTE * _MINUTE)
