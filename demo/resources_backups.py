"""The bucket of pg_dump archives, and the hourly job that adds to it while the sandbox runs."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from threading import Lock

from demo import dump_schedule
from demo.account import PREFIX, BuildContext, backend
from demo.moto_objects import put_backdated
from demo.resources_audit import secure_bucket

BUCKET = f"{PREFIX}-backups"


def create(context: BuildContext, *, key: str) -> DumpJob:
    """Create a versioned, private bucket with the dumps that years of the schedule leave, and return the job."""
    s3 = context.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    secure_bucket(context, BUCKET, key)
    return DumpJob(context.dump, context.now)


class DumpJob:
    """An emulated job that stores a dump every hour; every dump is the same archive."""

    def __init__(self, dump: bytes, now: datetime) -> None:
        self._dump = dump
        self._last = dump_schedule.newest_dump_time(now)
        self._stopped = False
        self._lock = Lock()
        for at in dump_schedule.retained_dump_times(now):
            self._put(at, dump)

    def run(self, now: datetime) -> None:
        """Store every dump that is due at `now`, unless the job is stopped."""
        with self._lock:
            while not self._stopped and self._last + dump_schedule.DUMP_INTERVAL <= now:
                self._last += dump_schedule.DUMP_INTERVAL
                self._put(self._last, self._dump)

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

    def truncate(self) -> None:
        """Replace the newest dump by its first half, with the SHA-256 of the complete archive."""
        self._replace(self._dump[: len(self._dump) // 2])

    def repair(self) -> None:
        """Replace the newest dump by the complete archive."""
        self._replace(self._dump)

    def _replace(self, content: bytes) -> None:
        with self._lock:
            self._remove(self._last)
            self._put(self._last, content)

    def _put(self, at: datetime, content: bytes) -> None:
        """Store `content` with the SHA-256 of the archive in the metadata, and that of the content as S3's checksum."""
        recorded = hashlib.sha256(self._dump).hexdigest()
        stored = base64.b64encode(hashlib.sha256(content).digest()).decode()
        put_backdated(BUCKET, _key(at), content, at, metadata={"sha256": recorded}, sha256=stored)

    def _remove(self, at: datetime) -> None:
        # A deletion by S3's API would keep the version and add a delete marker.
        keys = backend("s3").get_bucket(BUCKET).keys
        for version in keys.getlist(_key(at)):
            version.dispose()
        keys.pop(_key(at))


def _key(at: datetime) -> str:
    return f"hourly/securebase-{at:%Y%m%dT%H%M%SZ}.dump"
