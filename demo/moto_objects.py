"""Stores objects in moto's S3 with a date in the past, which no API of S3 can do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.account import backend

_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def put_backdated(
    bucket: str,
    key: str,
    body: bytes,
    at: datetime,
    *,
    storage: str = "STANDARD",
    metadata: Mapping[str, str] | None = None,
    sha256: str = "",
) -> Any:
    """A new object version of the time `at`, with the bucket's encryption and default retention, as moto's object."""
    s3 = backend("s3")
    stored_in = s3.get_bucket(bucket)
    locked = stored_in.has_default_lock
    version = s3.put_object(
        bucket,
        key,
        body,
        storage=storage,
        lock_mode=stored_in.default_lock_mode if locked else None,
        lock_until=retain_until_date(stored_in, at) if locked else None,
        checksum_value=sha256 or None,
        disable_notification=True,
    )
    version.last_modified = at.astimezone(UTC).replace(tzinfo=None)
    version.checksum_algorithm = "SHA256" if sha256 else None
    version.set_metadata({f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()})
    return version


def retain_until_date(bucket: Any, at: datetime) -> str:
    """The RetainUntilDate of a version of the time `at`, by the default retention of moto's `bucket`."""
    end = at.astimezone(UTC) + timedelta(days=bucket.default_lock_days or 0)
    year = end.year + (bucket.default_lock_years or 0)
    try:
        return end.replace(year=year).strftime(_STAMP)
    except ValueError:  # the 29th of February, in a year without it
        return end.replace(year=year, month=3, day=1).strftime(_STAMP)
