"""A check of the newest dump's integrity: its format, its size and its SHA-256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.backup.dump_listing import stored_dumps

# The first bytes of a pg_dump archive in custom format:
# https://git.postgresql.org/gitweb/?p=postgresql.git;a=blob;f=src/bin/pg_dump/pg_backup_archiver.c
_MAGIC = b"PGDMP"
# It can be read within a check's deadline of 30 seconds at 20 MiB per second.
_MAX_READ_BYTES = 256 * 1024 * 1024
_RECENT_DUMPS = 7
_MIN_RECENT_DUMPS = 3
# The allowed size, as a ratio to the median of the recent dumps.
_MIN_SIZE_RATIO, _MAX_SIZE_RATIO = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestDump:
    """The newest dump: its size, the sizes of the dumps before it, and its SHA-256 as recorded and as stored.

    `recorded_sha256` comes from the backup job, by the metadata of the object. Digests are in hex, empty when there is
    none; `first_bytes` are the first five bytes, in hex.
    """

    key: str
    size_bytes: int
    recent_sizes_bytes: tuple[int, ...]
    recorded_sha256: str
    stored_sha256: str
    first_bytes: str


def newest_dump(aws: AwsClient, dumps: DumpBackups) -> NewestDump:
    """The newest dump under the prefix; its SHA-256 comes from S3 if S3 stores one, else from reading the dump.

    Raises: ObservationError, also when there is no dump; NotFoundError, when the bucket is absent.
    """
    stored, _ = stored_dumps(aws, dumps)
    if not stored:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"there is no dump in {dumps.bucket}/{dumps.prefix} to check")
    newest: dict[str, Any] = {"Bucket": dumps.bucket, "Key": stored[-1].key}
    head = aws.call("s3", "HeadObject", ChecksumMode="ENABLED", **newest)
    size = required(head, "ContentLength", kind=int)
    unchanged = {**newest, "IfMatch": required(head, "ETag", kind=str)}
    sha256, first = _stored_sha256(head), b""
    if not sha256 and size <= _MAX_READ_BYTES:
        sha256, first = _read(aws, unchanged)
    elif size:
        first = b"".join(aws.body_chunks("s3", "GetObject", Range=f"bytes=0-{len(_MAGIC) - 1}", **unchanged))
    if len(first) < min(len(_MAGIC), size):
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, f"S3 returned {len(first)} bytes of a dump of {size} bytes", remedy="run again"
        )
    return NewestDump(
        key=stored[-1].key,
        size_bytes=size,
        recent_sizes_bytes=tuple(dump.size_bytes for dump in stored[-1 - _RECENT_DUMPS : -1]),
        recorded_sha256=(optional(head, "Metadata", "sha256", kind=str) or "").strip().lower(),
        stored_sha256=sha256,
        first_bytes=first.hex(),
    )


def _stored_sha256(head: dict[str, Any]) -> str:
    """The SHA-256 that S3 stores of the object, in hex; empty for a multipart upload, where it is of the parts."""
    checksum = optional(head, "ChecksumSHA256", kind=str) or ""
    try:
        digest = base64.b64decode(checksum, validate=True)
    except binascii.Error:
        return ""
    return digest.hex() if len(digest) == hashlib.sha256().digest_size else ""


def _read(aws: AwsClient, parameters: dict[str, Any]) -> tuple[str, bytes]:
    digest, first = hashlib.sha256(), b""
    for chunk in aws.body_chunks("s3", "GetObject", **parameters):
        first = first or chunk[: len(_MAGIC)]
        digest.update(chunk)
    return digest.hexdigest(), first


@check(
    "backup.dump.integrity",
    component=DumpBackups,
    observe=newest_dump,
    severity=Severity.CRITICAL,
    proof=Proof.SAMPLE,
    needs=("s3:ListBucket", "s3:GetObject", "kms:Decrypt"),
)
def newest_dump_is_intact(dump: NewestDump, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is a pg_dump archive of the usual size, and its SHA-256 is the one that the backup job recorded.

    Why: A dump that was truncated or damaged on its way looks like any other dump until it has to be restored.
    Reads: s3:ListObjectsV2 for the sizes of the dumps before it. s3:HeadObject for the `sha256` in its metadata and the
    SHA-256 that S3 stores. s3:GetObject for its first bytes, or for the whole dump if S3 stores no SHA-256 and the dump
    has at most 256 MiB. kms:Decrypt if a customer managed key encrypts it. The size must be between half and twice the
    median of the 7 dumps before it.
    Unverified when: A call is denied, throttled or fails, there is no dump, no `sha256` was recorded, the dump is
    larger than 256 MiB and S3 stores no SHA-256 of it, or there are fewer than 3 dumps before it.
    Fix: Make a new dump and upload it with its digest: aws s3 cp --checksum-algorithm SHA256 --metadata sha256=...;
    then find out why the upload of the damaged dump went wrong.
    Source: PostgreSQL documentation, pg_dump, https://www.postgresql.org/docs/current/app-pgdump.html; Amazon S3 User
    Guide, Checking object integrity,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """
    expected = "a pg_dump archive between half and twice the usual size, with the recorded SHA-256"
    damages, gaps = tuple(_damages(dump)), tuple(_gaps(dump))
    observed = f"{dump.key}, {dump.size_bytes} bytes"
    if damages:
        yield failed(f"The newest dump {'; it '.join(damages)}", observed=observed, expected=expected)
    elif gaps:
        reason, summary, remedy = gaps[0]
        yield unverified(reason, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The newest dump is intact", observed=observed, expected=expected)


def _damages(dump: NewestDump) -> Iterator[str]:
    if dump.first_bytes != _MAGIC.hex():
        yield "is not a pg_dump archive"
    if _is_sha256(dump.recorded_sha256) and dump.stored_sha256 not in ("", dump.recorded_sha256):
        yield "does not have the recorded SHA-256"
    if len(dump.recent_sizes_bytes) >= _MIN_RECENT_DUMPS:
        usual = median(dump.recent_sizes_bytes)
        if not _MIN_SIZE_RATIO * usual <= dump.size_bytes <= _MAX_SIZE_RATIO * usual:
            yield f"has {dump.size_bytes} bytes instead of about {usual:.0f}"


def _gaps(dump: NewestDump) -> Iterator[tuple[Reason, str, str]]:
    """What the facts do not show: reason, summary and remedy of each."""
    if not _is_sha256(dump.recorded_sha256):
        remedy = "upload dumps with their SHA-256 in hex as the metadata `sha256`"
        yield Reason.NOT_ENOUGH_DATA, "No SHA-256 was recorded with the newest dump", remedy
    if not dump.stored_sha256:
        remedy = "upload dumps with --checksum-algorithm SHA256, so that S3 computes and stores one"
        yield Reason.UNSUPPORTED, "The newest dump is too large to read, and S3 stores no SHA-256 of it", remedy
    if len(dump.recent_sizes_bytes) < _MIN_RECENT_DUMPS:
        few = f"There are fewer than {_MIN_RECENT_DUMPS} older dumps to compare the size of the newest with"
        yield Reason.NOT_ENOUGH_DATA, few, "wait for more dumps"


def _is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None
