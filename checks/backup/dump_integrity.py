"""Judges whether the newest dump is whole: what was made is what arrived, and it is an archive of the usual size."""

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

# What a pg_dump archive in custom format begins with:
# https://git.postgresql.org/gitweb/?p=postgresql.git;a=blob;f=src/bin/pg_dump/pg_backup_archiver.c
_MAGIC = b"PGDMP"
# As much as can be read within a check's deadline of 30 seconds at 20 MiB a second, with time to spare.
_LARGEST_READ_BYTES = 256 * 1024 * 1024
_RECENT = 7
_FEWEST = 3
# A dump outside of this band of the median of the recent ones has lost or gained too much to be one of them.
_SMALLEST, _LARGEST = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestDump:
    """The newest dump: its size beside those just before it, and its SHA-256 as recorded by its maker and as stored.

    Digests are in hex, empty when there is none; `first_bytes` are the first five, in hex.
    """

    key: str
    size_bytes: int
    recent_sizes_bytes: tuple[int, ...]
    recorded_sha256: str
    stored_sha256: str
    first_bytes: str


def newest_dump(aws: AwsClient, dumps: DumpBackups) -> NewestDump:
    """The newest dump under the prefix; S3's own SHA-256 is taken where it keeps one, else the dump is read."""
    kept, _ = stored_dumps(aws, dumps)
    if not kept:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"there is no dump in {dumps.bucket}/{dumps.prefix} to look at")
    newest: dict[str, Any] = {"Bucket": dumps.bucket, "Key": kept[-1].key}
    head = aws.call("s3", "HeadObject", ChecksumMode="ENABLED", **newest)
    size = required(head, "ContentLength", kind=int)
    unchanged = {**newest, "IfMatch": required(head, "ETag", kind=str)}
    stored, first = _stored_sha256(head), b""
    if not stored and size <= _LARGEST_READ_BYTES:
        stored, first = _read(aws, unchanged)
    elif size:
        first = b"".join(aws.body_chunks("s3", "GetObject", Range=f"bytes=0-{len(_MAGIC) - 1}", **unchanged))
    if len(first) < min(len(_MAGIC), size):
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, f"S3 gave {len(first)} bytes of a dump of {size}", remedy="run again"
        )
    return NewestDump(
        key=kept[-1].key,
        size_bytes=size,
        recent_sizes_bytes=tuple(dump.size_bytes for dump in kept[-1 - _RECENT : -1]),
        recorded_sha256=(optional(head, "Metadata", "sha256", kind=str) or "").strip().lower(),
        stored_sha256=stored,
        first_bytes=first.hex(),
    )


def _stored_sha256(head: dict[str, Any]) -> str:
    """S3's own SHA-256 of the whole object, in hex; one of an upload in parts is a digest of digests, and no such."""
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
    """The newest dump is a pg_dump archive, of the usual size, with the content that its maker recorded.

    Why: A dump that was cut off, emptied or damaged on its way looks like any other until the day it is needed.
    Reads: s3:ListObjectsV2 for the sizes of the dumps before it; s3:HeadObject for the `sha256` in its metadata and
    S3's own SHA-256; s3:GetObject for its first bytes, or for all of a dump up to 256 MiB of which S3 keeps no SHA-256.
    kms:Decrypt where a customer key encrypts it. Its size must be within half and twice the median of the 7 before it.
    Unverified when: A call is denied, throttled or fails, there is no dump, no `sha256` was recorded, the dump is
    larger than 256 MiB and S3 keeps no SHA-256 of it, or there are fewer than 3 dumps before it.
    Fix: Make a new dump and upload it with its digest: aws s3 cp --checksum-algorithm SHA256 --metadata sha256=...;
    then find out where the damaged one was cut off.
    Source: PostgreSQL documentation, pg_dump, https://www.postgresql.org/docs/current/app-pgdump.html; Amazon S3 User
    Guide, Checking object integrity,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """
    expected = "a pg_dump archive within half and twice the usual size, with the SHA-256 that was recorded"
    broken, doubts = tuple(_broken(dump)), tuple(_doubts(dump))
    observed = f"{dump.key}, {dump.size_bytes} bytes"
    if broken:
        yield failed(f"The newest dump {'; it '.join(broken)}", observed=observed, expected=expected)
    elif doubts:
        reason, doubt, remedy = doubts[0]
        yield unverified(reason, doubt, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The newest dump is whole", observed=observed, expected=expected)


def _broken(dump: NewestDump) -> Iterator[str]:
    if dump.first_bytes != _MAGIC.hex():
        yield "is not a pg_dump archive"
    if _is_sha256(dump.recorded_sha256) and dump.stored_sha256 not in ("", dump.recorded_sha256):
        yield "is not what its maker recorded"
    if len(dump.recent_sizes_bytes) >= _FEWEST:
        usual = median(dump.recent_sizes_bytes)
        if not _SMALLEST * usual <= dump.size_bytes <= _LARGEST * usual:
            yield f"has {dump.size_bytes} bytes where {usual:.0f} are usual"


def _doubts(dump: NewestDump) -> Iterator[tuple[Reason, str, str]]:
    if not _is_sha256(dump.recorded_sha256):
        remedy = "record the dump's SHA-256 in hex as its metadata `sha256` when it is uploaded"
        yield Reason.NOT_ENOUGH_DATA, "No SHA-256 was recorded with the newest dump", remedy
    if not dump.stored_sha256:
        remedy = "upload dumps with --checksum-algorithm SHA256, so that S3 keeps and checks one"
        yield Reason.UNSUPPORTED, "The newest dump is too large to be read whole, and S3 keeps no SHA-256 of it", remedy
    if len(dump.recent_sizes_bytes) < _FEWEST:
        fewest = f"There are fewer than {_FEWEST} dumps before the newest to compare its size with"
        yield Reason.NOT_ENOUGH_DATA, fewest, "wait until there are"


def _is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None
