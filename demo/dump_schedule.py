"""The schedule of the dumps: one every hour, thinned out as grandfather, father and son."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DUMP_INTERVAL = timedelta(hours=1)
_PAST = timedelta(minutes=5)


def newest_dump_time(now: datetime) -> datetime:
    """When the newest dump at `now` was made: at five past the hour, less than an hour ago."""
    return (now.astimezone(UTC) - _PAST).replace(minute=0, second=0, microsecond=0) + _PAST


def retained_dump_times(now: datetime) -> tuple[datetime, ...]:
    """When the dumps that are kept at `now` were made, oldest first.

    Every hour's for 26 hours, then the last one of each of 7 days, 4 weeks, 12 months and 5 years.
    """
    last = newest_dump_time(now)
    midnight = last.replace(hour=23) - timedelta(days=1)
    sunday = midnight - timedelta(days=(midnight.weekday() + 1) % 7)
    month = midnight.year * 12 + midnight.month - 1
    kept = {last - DUMP_INTERVAL * hours for hours in range(26)}
    kept |= {midnight - timedelta(days=days) for days in range(7)}
    kept |= {sunday - timedelta(weeks=weeks) for weeks in range(4)}
    kept |= {_last_day_before(midnight, month - months) for months in range(12)}
    kept |= {_last_day_before(midnight, (midnight.year - years) * 12) for years in range(5)}
    return tuple(sorted(kept))


def _last_day_before(moment: datetime, month: int) -> datetime:
    """The last day before the month, counted from January of year 0, at the time of day of `moment`."""
    return moment.replace(year=month // 12, month=month % 12 + 1, day=1) - timedelta(days=1)
