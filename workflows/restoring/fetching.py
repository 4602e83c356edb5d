"""Chooses the newest dump of a backup set, and streams its files into a private folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from basewatch.aws import AwsClient
from basewatch.components import DumpBackups
from basewatch.errors import BasewatchError
from checks.backup.dump_listing import content_dates, dumps_of_database, list_dumps
from checks.backup.dump_sets import StoredDump
from workflows.restoring.budget import Budget, RestoreFailedError, RestoreUntriedError

_ROOM = 3
"""A dump needs its own size on the disk, and at least twice as much for what is inside and for the copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDump:
    """The newest complete dump of the database, and the date of its content."""

    dump: StoredDump
    date: datetime


def newest_dump(aws: AwsClient, dumps: DumpBackups) -> ChosenDump:
    """The dump that a restore would begin with. Raises: RestoreUntriedError; RestoreFailedError, without any."""
    try:
        ours = dumps_of_database(list_dumps(aws, dumps), dumps)
    except BasewatchError as error:
        raise RestoreUntriedError(str(error), getattr(error, "remedy", "")) from error
    if not ours:
        raise RestoreFailedError(f"there is no dump in {dumps.bucket}/{dumps.prefix}")
    dates = content_dates(ours, dumps.stale_after)
    newest = max(ours, key=lambda dump: (dump.complete, dates[dump.key], dump.last_modified, dump.key))
    return ChosenDump(dump=newest, date=dates[newest.key])


def fetch(aws: AwsClient, dumps: DumpBackups, dump: StoredDump, folder: Path, budget: Budget) -> Path:
    """The dump on the disk: one file, whose parts follow each other, or a folder with all its files.

    Raises: RestoreUntriedError, RestoreFailedError.
    """
    budget.require_space(folder, dump.size_bytes * _ROOM)
    several = dump.key.endswith("/") and len(dump.files) > 1
    target = folder / "fetched"
    if several:
        target.mkdir(mode=0o755)
    read = 0
    for file in dump.files:
        path = target / file.key.rpartition("/")[2] if several else target
        try:
            with path.open("ab") as written:
                tag = {"IfMatch": file.etag} if file.etag else {}
                for chunk in aws.body_chunks("s3", "GetObject", Bucket=dumps.bucket, Key=file.key, **tag):
                    written.write(chunk)
                    read += len(chunk)
                    budget.check(folder, read)
        except BasewatchError as error:
            raise RestoreUntriedError(f"{file.key} cannot be read: {error}", getattr(error, "remedy", "")) from error
    return target
