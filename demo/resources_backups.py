"""The bucket of pg_dump archives, and the hourly job that fills it for as long as the box runs."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from threading import Lock

from demo import dump_schedule
from demo.moto_backends import backend
from demo.moto_objects import put_backdated
from demo.resources_audit import secure_bucket
from demo.resources_context import PREFIX, BuildContext

BUCKET = f"{PREFIX}-backups"


def create(site: BuildContext, *, key: str) -> DumpJob:
    """A versioned, private bucket as years of the schedule would have left it, and the job that goes on filling it."""
    s3 = site.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    secure_bucket(site, BUCKET, key)
    return DumpJob(site.dump, site.now)


class DumpJob:
    """Dumps the database every hour; every archive is the one it was given."""

    def __init__(self, dump: bytes, now: datetime) -> None:
        self._dump = dump
        self._last = dump_schedule.newest_dump_time(now)
        self._stopped = False
        self._lock = Lock()
        for at in dump_schedule.retained_dump_times(now):
            self._put(at, dump)

    def run(self, now: datetime) -> None:
        """Make every dump that is due at `now`, unless the job is stopped."""
        with self._lock:
            while not self._stopped and self._last + dump_schedule.DUMP_INTERVAL <= now:
                self._last += dump_schedule.DUMP_INTERVAL
                self._put(self._last, self._dump)

    def stop(self, now: datetime, *, since: timedelta) -> None:
        """Let the job have stopped `since` ago: what it made after that is not there."""
        with self._lock:
            self._stopped = True
            while self._last > now - since:
                self._remove(self._last)
                self._last -= dump_schedule.DUMP_INTERVAL

    def resume(self, now: datetime) -> None:
        """Go on, and make up for what was missed."""
        self._stopped = False
        self.run(now)

    def truncate(self) -> None:
        """Let only half of the newest dump have arrived, beside the SHA-256 of the whole."""
        self._replace(self._dump[: len(self._dump) // 2])

    def repair(self) -> None:
        """Let the newest dump have arrived whole."""
        self._replace(self._dump)

    def _replace(self, arrived: bytes) -> None:
        with self._lock:
            self._remove(self._last)
            self._put(self._last, arrived)

    def _put(self, at: datetime, arrived: bytes) -> None:
        """An object as the job uploads it: it records the SHA-256 it computed, and S3 that of what arrived."""
        recorded = hashlib.sha256(self._dump).hexdigest()
        received = base64.b64encode(hashlib.sha256(arrived).digest()).decode()
        put_backdated(BUCKET, _key(at), arrived, at, metadata={"sha256": recorded}, sha256=received)

    def _remove(self, at: datetime) -> None:
        # Deleting through S3 would leave the version and a marker behind.
        kept = backend("s3").get_bucket(BUCKET).keys
        for version in kept.getlist(_key(at)):
            version.dispose()
        kept.pop(_key(at))


def _key(at: datetime) -> str:
    return f"hourly/securebase-{at:%Y%m%dT%H%M%SZ}.dump"
