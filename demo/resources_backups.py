"""The bucket of pg_dump archives, and the hourly job that adds to it while the sandbox runs."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from threading import Lock

from demo import dump_schedule
from demo.account import PREFIX, BuildContext, backend
from demo.moto_objects import put_backdated
from demo.resources_audit import secure_bucket

BUCKET = f"{PREFIX}-backups"
_COMPRESSION_BYTE = (1, 15)


def create(context: BuildContext, *, key: str) -> DumpJob:
    """Create a versioned, private bucket with the dumps that years of the schedule leave, and return the job."""
    s3 = context.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    secure_bucket(context, BUCKET, key)
    return DumpJob(context.dump, context.now)


class DumpJob:
    """An emulated job that stores a dump every hour; every dump is the same archive but for its date."""

    def __init__(self, dump: bytes, now: datetime) -> None:
        self._dump = dump
        self._last = dump_schedule.newest_dump_time(now)
        self._stopped = False
        self._lock = Lock()
        self._lost: list[datetime] = []
        self._retained = dump_schedule.retained_dump_times(now)
        for at in self._retained:
            self._put(at)

    def run(self, now: datetime) -> None:
        """Store every dump that is due at `now`, unless the job is stopped."""
        with self._lock:
            while not self._stopped and self._last + dump_schedule.DUMP_INTERVAL <= now:
                self._last += dump_schedule.DUMP_INTERVAL
                self._put(self._last)

    def stop(self, now: datetime, *, since: timedelta) -> None:
        """Stop the job as of `since` ago: remove every later dump."""
        with self._lock:
            self._stopped = True
            while self._last > now - since:
                self._remove(self._last)
                self._last -= dump_schedule.DUMP_INTERVAL

    def resume(self, now: datetime) -> None:
        """Start the job again, and store the missed dumps."""
        self._stopped = False
        self.run(now)

    def prune(self, now: datetime, *, older: timedelta, newer: timedelta) -> None:
        """Remove the dumps that are older than `older` and newer than `newer`."""
        self._lost = [at for at in self._retained if now - newer < at < now - older]
        for at in self._lost:
            self._remove(at)

    def bring_back(self) -> None:
        """Store the pruned dumps again."""
        for at in self._lost:
            self._put(at)

    def truncate(self) -> None:
        """Replace the newest dump by its first half, with the SHA-256 of the complete archive."""
        self._replace(size=len(self._dump) // 2)

    def repair(self) -> None:
        """Replace the newest dump by the complete archive."""
        self._replace(size=len(self._dump))

    def _replace(self, *, size: int) -> None:
        with self._lock:
            self._remove(self._last)
            self._put(self._last, size)

    def _put(self, at: datetime, size: int | None = None) -> None:
        """Store `size` bytes with the SHA-256 of the archive in the metadata, and that of them as S3's checksum."""
        archive = made_at(self._dump, at)
        content = archive[:size]
        recorded = hashlib.sha256(archive).hexdigest()
        stored = base64.b64encode(hashlib.sha256(content).digest()).decode()
        put_backdated(BUCKET, _key(at), content, at, metadata={"sha256": recorded}, sha256=stored)

    def _remove(self, at: datetime) -> None:
        # A deletion by S3's API would keep the version and add a delete marker.
        keys = backend("s3").get_bucket(BUCKET).keys
        for version in keys.getlist(_key(at)):
            version.dispose()
        keys.pop(_key(at))


def made_at(archive: bytes, at: datetime) -> bytes:
    """The archive in custom format as if pg_dump had made it at this time: its header has the fields of a struct tm."""
    # Version 1.15 and later has one byte of compression; before, it is an integer of a sign and four bytes.
    start = len("PGDMP") + 6 + (1 if tuple(archive[5:7]) >= _COMPRESSION_BYTE else 5)
    utc = at.astimezone(UTC)
    fields = (utc.second, utc.minute, utc.hour, utc.day, utc.month - 1, utc.year - 1900, 0)
    date = b"".join(b"\x00" + field.to_bytes(4, "little") for field in fields)
    return archive[:start] + date + archive[start + len(date) :]


def _key(at: datetime) -> str:
    return f"hourly/securebase-{at:%Y%m%dT%H%M%SZ}.dump"
