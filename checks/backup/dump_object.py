"""Reads one file of a dump from S3: its size, its digests, and its first and last bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.backup.dump_content import TRANSPARENT
from checks.backup.dump_streams import HEAD_BYTES, TAIL_BYTES, Opened, open_dump
from checks.backup.pg_archive import MAGIC

# It can be read within a check's deadline of 30 seconds at 20 MiB per second.
MAX_READ_BYTES = 256 * 1024 * 1024
# A dump that S3 has a digest of is read to its end up to here, to see whether it is whole.
_MAX_OPENED_BYTES = 64 * 1024 * 1024
_READ_TO_ITS_END = frozenset({*TRANSPARENT, "plain"})
_MAX_DIGEST_FILE_BYTES = 1 << 16
_ARCHIVED = "InvalidObjectState"
_ARCHIVE_CLASSES = ("GLACIER", "DEEP_ARCHIVE")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; a HEAD says no more than the status.
_KEY_UNUSABLE = (
    "KMS.DisabledException",
    "KMS.KMSInvalidStateException",
    "KMS.NotFoundException",
    "KMSInvalidStateException",
    "KMS.InvalidStateException",
)
_BAD_REQUEST = "400"
_ENCRYPTION_CLIENT = ("x-amz-key-v2", "x-amz-key", "x-amz-3", "x-amz-matdesc")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadObject:
    """One file; digests are in hex, empty when there is none.

    `opened` is what it is, when that was asked for. `archived` is the storage class that it must be restored from
    first, `key_unusable` what S3 says of its KMS key.
    """

    size_bytes: int
    etag: str = ""
    recorded_sha256: str = ""
    stored_sha256: str = ""
    opened: Opened | None = None
    archived: str = ""
    key_unusable: str = ""
    client_encrypted: bool = False


def read_object(aws: AwsClient, bucket: str, key: str, *, may_read: int, ends: bool) -> ReadObject:
    """The file, of which at most `may_read` bytes are read for a digest; with `ends`, what it is is read too.

    Raises: ObservationError.
    """
    target: dict[str, Any] = {"Bucket": bucket, "Key": key}
    try:
        head = aws.call("s3", "HeadObject", ChecksumMode="ENABLED", **target)
    except ObservationError as error:
        if error.code not in (*_KEY_UNUSABLE, _BAD_REQUEST):
            raise
        return _reason_of(aws, target, error)
    found = ReadObject(
        size_bytes=required(head, "ContentLength", kind=int),
        etag=required(head, "ETag", kind=str),
        recorded_sha256=(optional(head, "Metadata", "sha256", kind=str) or "").strip().lower(),
        stored_sha256=_stored_sha256(head),
        archived=_archive_class(head),
        client_encrypted=any(name in (optional(head, "Metadata", kind=dict) or {}) for name in _ENCRYPTION_CLIENT),
    )
    whole = not found.stored_sha256 and found.size_bytes <= may_read
    if found.archived or not (whole or ends):
        return found
    if not found.size_bytes:
        return replace(found, opened=open_dump((), 0, whole=True))
    unchanged = {**target, "IfMatch": found.etag}
    try:
        read = _with_content(aws, unchanged, found, whole=whole)
        if ends and _is_worth_its_end(read) and found.size_bytes <= min(_MAX_OPENED_BYTES, may_read):
            read = _with_content(aws, unchanged, found, whole=True)
    except ObservationError as error:
        return _unreadable(error, found)
    return read


def recorded_beside(aws: AwsClient, bucket: str, key: str, keys: Collection[str]) -> str:
    """The SHA-256 of `key` in a digest file beside it, such as `a.dump.sha256` or SHA256SUMS; empty without one."""
    folder, _, name = key.rpartition("/")
    beside = (f"{key}.sha256", f"{key}.sha256sum", f"{folder}/SHA256SUMS" if folder else "SHA256SUMS")
    file = next((each for each in beside if each in keys), None)
    if file is None:
        return ""
    content = b"".join(
        aws.body_chunks("s3", "GetObject", Bucket=bucket, Key=file, Range=f"bytes=0-{_MAX_DIGEST_FILE_BYTES}")
    )
    lines = content.decode("utf-8", "replace").splitlines()
    named = [line for line in lines if re.split(r"[\s*/]", line.rstrip())[-1] == name]
    if not named and len(lines) == 1:
        named = lines
    found = (re.search(r"\b[0-9A-Fa-f]{64}\b", line) for line in named)
    return next((digest[0].lower() for digest in found if digest), "")


def _with_content(aws: AwsClient, target: dict[str, Any], found: ReadObject, *, whole: bool) -> ReadObject:
    """The file with what it is, by its first MiB, or by all of it with its digest."""
    read, digest = 0, hashlib.sha256()
    ranged = {} if whole else {"Range": f"bytes=0-{HEAD_BYTES - 1}"}

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for chunk in aws.body_chunks("s3", "GetObject", **ranged, **target):
            read += len(chunk)
            digest.update(chunk)
            yield chunk

    body = chunks()
    opened = open_dump(body, found.size_bytes, whole=whole or found.size_bytes <= HEAD_BYTES)
    # What cannot be opened further still has a digest.
    deque(body, maxlen=0)
    if read < min(len(MAGIC), found.size_bytes):
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA,
            f"S3 returned {read} bytes of a dump of {found.size_bytes} bytes",
            remedy="run again",
        )
    stored = digest.hexdigest() if whole and not found.stored_sha256 else found.stored_sha256
    return replace(found, stored_sha256=stored, opened=opened)


def _is_worth_its_end(found: ReadObject) -> bool:
    opened = found.opened
    if opened is None or opened.end != "unread" or found.size_bytes <= HEAD_BYTES:
        return False
    return opened.content.layers[:1] != () and opened.content.layers[0] in _READ_TO_ITS_END


def read_tail(aws: AwsClient, bucket: str, key: str, found: ReadObject) -> bytes:
    """The last bytes of the file; none if they were read already. Raises: ObservationError."""
    if (found.opened and found.opened.tail) or found.size_bytes == 0:
        return b""
    start = max(found.size_bytes - TAIL_BYTES, 0)
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": key, "IfMatch": found.etag, "Range": f"bytes={start}-"}
    return b"".join(aws.body_chunks("s3", "GetObject", **parameters))[-TAIL_BYTES:]


def _reason_of(aws: AwsClient, target: dict[str, Any], error: ObservationError) -> ReadObject:
    """Why HEAD failed, which only a GET says. Raises: ObservationError, when it is not the key."""
    try:
        for _ in aws.body_chunks("s3", "GetObject", Range="bytes=0-0", **target):
            pass
    except ObservationError as refused:
        return _unreadable(refused, ReadObject(size_bytes=0))
    raise error


def _unreadable(error: ObservationError, found: ReadObject) -> ReadObject:
    archived = "an archive storage class" if error.code == _ARCHIVED else ""
    unusable = error.detail if error.code in _KEY_UNUSABLE else ""
    if not archived and not unusable:
        raise error
    return replace(found, archived=archived, key_unusable=unusable)


def _archive_class(head: Mapping[str, Any]) -> str:
    """The archive that the object must be restored from before it can be read; empty when it can be read."""
    archived = optional(head, "ArchiveStatus", kind=str) or ""
    stored = optional(head, "StorageClass", kind=str) or ""
    restored = 'ongoing-request="false"' in (optional(head, "Restore", kind=str) or "")
    return "" if restored else archived or (stored if stored in _ARCHIVE_CLASSES else "")


def _stored_sha256(head: Mapping[str, Any]) -> str:
    """The SHA-256 that S3 stores of the object, in hex; empty for a multipart upload, where it is of the parts."""
    checksum = optional(head, "ChecksumSHA256", kind=str) or ""
    try:
        digest = base64.b64decode(checksum, validate=True)
    except binascii.Error:
        return ""
    return digest.hex() if len(digest) == hashlib.sha256().digest_size else ""
