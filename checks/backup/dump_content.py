"""Recognises what the first bytes of a dump, or of what an envelope holds, are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from basewatch.component_settings import DumpLayer
from checks.backup.pg_archive import MAGIC, PgArchive, read_archive

FORMATS: frozenset[DumpLayer] = frozenset({"custom", "directory", "tar", "plain"})
TRANSPARENT: frozenset[DumpLayer] = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4"})
"""The envelopes that are looked into."""

ENCRYPTIONS: frozenset[DumpLayer] = frozenset({"openssl", "age", "openpgp", "kms"})

PG_DUMPALL = "a dump of a whole server by pg_dumpall"
# The shortest dump, compressed and of an empty database, is longer.
_MIN_BYTES = 64
# The tar of a directory archive begins with the directory, and has its files in any order.
_DIRECTORY_FILES = re.compile(rb"(?:^|/)(?:toc\.dat|\d+\.dat|blobs(?:_\d+)?\.toc)(?:\.(?:gz|lz4|zst))?\x00")
_TAR_MAGIC, _TAR_HEADER = 257, 512
_ERROR_PAGE = re.compile(
    rb"\s*(?:<!doctype|<html|<\?xml|<error\b|<head|<body|\{\s*\"(?:errors?|error_?code|error_?message|message|status|statusCode|detail|fault|__type)\")",
    re.IGNORECASE,
)
_ERROR_TEXT = re.compile(
    rb"(?:pg_dump|pg_dumpall|pg_restore|psql|aws|bash|sh|/bin/sh|docker|kubectl|error|fatal|usage|traceback|curl|gzip"
    rb"|openssl|mysqldump|an error occurred|could not|unable to|permission denied|access denied)\b[^\n]{0,40}[:(]",
    re.IGNORECASE,
)
# What the messages of programs say, in a short text that is nothing else.
_ERROR_WORDS = re.compile(
    rb"[^\n]*\b(?:error|fatal|failed|failure|denied|refused|not found|no such|cannot|could not|unable to|timed out"
    rb"|timeout|no space left|usage:|exception|traceback|unauthorized|forbidden)\b[^\n]*",
    re.IGNORECASE,
)
_MAX_MESSAGE = 8192
_SQL = re.compile(rb"\b(?:CREATE TABLE|INSERT INTO|COPY) ")
# What `pg_dump --create` writes.
_CONNECT = re.compile(rb"^\\connect (?:-reuse-previous=on )?\"?(?:dbname=)?'?([^\s\"']+)", re.MULTILINE)
# Dumps and files of other database systems.
_OTHER_SYSTEMS: Mapping[bytes, str] = {
    rb"(?:/\*[^\n]*\*/\s*)?-- (?:MySQL|MariaDB) dump": "is a dump of MySQL",
    rb"SQLite format 3\x00": "is a file of SQLite",
    rb"PRAGMA foreign_keys": "is a dump of SQLite",
    rb"REDIS\d{4}": "is a dump of Redis",
    rb"\x6d\xe2\x99\x81": "is a dump of MongoDB",
}
_PLAIN = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s*(?:--[^\n]*|\\[^\n]*|SET [^\n]*))*?\s*--\s*PostgreSQL database (cluster )?dump"
)
_OPENPGP_BINARY = re.compile(
    # A session key for a public key (old and new format), or for a passphrase.
    rb"(?:[\x84\x85\x86].{1,4}\x03|\xc1.{1,5}[\x03\x06]|\x8c[\x04-\x40][\x04\x05\x06]|\xc3[\x04-\x40][\x04\x05\x06])",
    re.DOTALL,
)
# By `openssl cms` and `openssl smime`, in DER: a sequence that begins with the type envelopedData.
_CMS = re.compile(rb"\x30(?:\x80|[\x81-\x84].{1,4})\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", re.DOTALL)
_MAGICS: Mapping[bytes, DumpLayer] = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    # A frame that pzstd puts first.
    b"\x50\x2a\x4d\x18": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Salted__": "openssl",
    b"U2FsdGVkX1": "openssl",
    b"-----BEGIN CMS-----": "openssl",
    b"-----BEGIN PKCS7-----": "openssl",
    b"age-encryption.org/": "age",
    b"-----BEGIN AGE ENCRYPTED FILE-----": "age",
    b"-----BEGIN PGP MESSAGE-----": "openpgp",
    # The envelope of KMS Encrypt, and that of the AWS Encryption SDK.
    b"\x01\x02\x02\x00\x78": "kms",
    b"\x01\x02\x03\x00\x78": "kms",
    b"\x02\x04\x78": "kms",
    b"\x02\x05\x78": "kms",
    b"\x01\x80\x01\x78": "kms",
    b"\x01\x80\x03\x78": "kms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The layers of a dump, outermost first.

    `broken` says why it is certainly no dump, `other` names what it is instead of a dump of one database, `unopened` is
    an envelope that could not be opened although it is of a kind that can; each is empty otherwise. `archive` is the
    innermost custom archive, or a toc.dat. `database` is the name that the dump states, if it does.
    """

    layers: tuple[DumpLayer, ...] = ()
    broken: str = ""
    unopened: str = ""
    other: str = ""
    archive: PgArchive | None = None
    database: str = ""


def recognise(content: bytes, size_bytes: int | None) -> Content:
    """What begins with these bytes, without looking into an envelope; `size_bytes` is None inside of one."""
    if not content:
        return Content() if size_bytes else Content(broken="holds nothing" if size_bytes is None else "is empty")
    found = _by_its_beginning(content)
    if size_bytes and size_bytes < _MIN_BYTES and not found.broken and found.layers != ("custom",):
        return replace(found, broken=f"has {size_bytes} bytes, fewer than any dump")
    return found


def _by_its_beginning(content: bytes) -> Content:
    if content.startswith(MAGIC):
        archive = read_archive(content)
        return _with_archive("directory" if archive and archive.format == "toc" else "custom", archive)
    if plain := _PLAIN.match(content[:8192]):
        connect = _CONNECT.search(content)
        database = connect[1].decode("utf-8", "replace") if connect else ""
        return Content(other=PG_DUMPALL) if plain[1] else Content(layers=("plain",), database=database)
    if content[_TAR_MAGIC : _TAR_MAGIC + 5] == b"ustar":
        return _tar(content)
    envelope = _envelope(content)
    return Content(layers=(envelope,)) if envelope else Content(broken=_known_broken(content))


def _with_archive(layer: DumpLayer, archive: PgArchive | None) -> Content:
    return Content(layers=(layer,), archive=archive, database=archive.database if archive else "")


def _envelope(content: bytes) -> DumpLayer | None:
    for start, layer in _MAGICS.items():
        if content.startswith(start):
            return layer
    if _CMS.match(content):
        return "openssl"
    return "openpgp" if _OPENPGP_BINARY.match(content) else None


def _tar(content: bytes) -> Content:
    name = content[:100].rstrip(b"\x00").decode("utf-8", "replace")
    if name == "toc.dat" or name.endswith("/toc.dat"):
        return _with_archive("tar", read_archive(content[_TAR_HEADER:]))
    if name.startswith("backup_label") or "/PG_VERSION" in f"/{name}":
        return Content(other="a base backup of a whole server")
    if _DIRECTORY_FILES.search(content):
        return Content(layers=("tar",))
    return Content(other=f"a tar file that begins with {name[:60]}")


def _known_broken(content: bytes) -> str:
    text = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _ERROR_PAGE.match(content):
        return "is an error page"
    if message := _message(content, text):
        return f"is an error message: {message[:80].decode('utf-8', 'replace')}"
    for start, meaning in _OTHER_SYSTEMS.items():
        if re.match(start, content):
            return meaning
    if text.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS"
    if len(content) >= _MIN_BYTES and not content.strip(b"\x00"):
        return "holds only zero bytes"
    return "is cut off after its first bytes" if MAGIC.startswith(content) else ""


def _message(content: bytes, text: bytes) -> bytes:
    """The line that reports an error: the first, or any of a short text that is no SQL; empty when there is none."""
    if _ERROR_TEXT.match(text):
        return text.partition(b"\n")[0]
    if len(content) > _MAX_MESSAGE or not text.isascii() or _SQL.search(content):
        return b""
    found = _ERROR_WORDS.search(content)
    return found[0].strip() if found else b""
