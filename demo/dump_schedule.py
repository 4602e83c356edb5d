"""The schedule of the dumps: one every hour, with a grandfather-father-son retention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DUMP_INTERVAL = timedelta(hours=1)
_MINUTES_PAST_THE_HOUR = timedelta(minutes=5)


def newest_dump_time(now: datetime) -> datetime:
    """The time of the newest dump at `now`: five minutes past the hour, less than an hour ago."""
    past = _MINUTES_PAST_THE_HOUR
    return (now.astimezone(UTC) - past).replace(minute=0, second=0, microsecond=0) + past


def retained_dump_times(now: datetime) -> tuple[datetime, ...]:
    """The times of the dumps that are retained at `now`, oldest first.

    These are the dumps of the last 26 hours, and the last dump of each of 7 days, 4 weeks, 12 months and 5 years.
    """
    last = newest_dump_time(now)
    midnight = last.replace(hour=23) - timedelta(days=1)
    sunday = midnight - timedelta(days=(midnight.weekday() + 1) % 7)
    month = midnight.year * 12 + midnight.month - 1
    retained = {last - DUMP_INTERVAL * hours for hours in range(26)}
    retained |= {midnight - timedelta(days=days) for days in range(7)}
    retained |= {sunday - timedelta(weeks=weeks) for weeks in range(4)}
    retained |= {_last_day_before(midnight, month - months) for months in range(12)}
    retained |= {_last_day_before(midnight, (midnight.year - years) * 12) for years in range(5)}
    return tuple(sorted(retained))


def _last_day_before(moment: datetime, month: int) -> datetime:
    """The last day before `month`, at the time of day of `moment`; months are counted from January of year 0."""
    return moment.replace(year=month // 12, month=month % 12 + 1, day=1) - timedelta(days=1)
