"""The backup bucket's schedule: a dump every hour, thinned out as grandfather, father and son."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.moto_s3 import put_dated

BUCKET = "securebase-production-backups"
PREFIX = "hourly/"
_HOUR = timedelta(hours=1)
_MINUTE_OF_HOUR = timedelta(minutes=5)


def times(now: datetime) -> tuple[datetime, ...]:
    """When the dumps that are kept at `now` were made, oldest first.

    Every hour at five past for 26 hours, then the last one of each of 7 days, 4 weeks, 12 months and 5 years; the
    newest is less than an hour old.
    """
    newest = (now.astimezone(UTC) - _MINUTE_OF_HOUR).replace(minute=0, second=0, microsecond=0) + _MINUTE_OF_HOUR
    midnight = newest.replace(hour=23) - timedelta(days=1)
    kept = {newest - _HOUR * hours for hours in range(26)}
    kept |= {midnight - timedelta(days=days) for days in range(7)}
    sunday = midnight - timedelta(days=(midnight.weekday() + 1) % 7)
    kept |= {sunday - timedelta(weeks=weeks) for weeks in range(4)}
    kept |= {_last_day_before(midnight, midnight.year * 12 + midnight.month - 1 - months) for months in range(12)}
    kept |= {_last_day_before(midnight, (midnight.year - years) * 12) for years in range(5)}
    return tuple(sorted(kept))


def _last_day_before(moment: datetime, month: int) -> datetime:
    """The last day before the month, counted from year 0, at the time of day of `moment`."""
    return moment.replace(year=month // 12, month=month % 12 + 1, day=1) - timedelta(days=1)


def key(at: datetime) -> str:
    """The name under which the dump of `at` is kept."""
    return f"{PREFIX}securebase-{at:%Y%m%dT%H%M%SZ}.dump"


def put(dump: bytes, at: datetime, *, recorded: bytes | None = None) -> Any:
    """Keep a dump made at `at`; its SHA-256 is recorded with it, that of `recorded` when what arrived is another."""
    digest = hashlib.sha256(dump if recorded is None else recorded)
    checksum = base64.b64encode(hashlib.sha256(dump).digest()).decode()
    return put_dated(BUCKET, key(at), dump, at, metadata={"sha256": digest.hexdigest()}, sha256=checksum)
