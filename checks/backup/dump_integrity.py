"""A check of the newest dump's integrity: what it is, whether it is whole, its size and its SHA-256."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from basewatch.check import check
from basewatch.component_settings import DumpLayer
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.backup.dump_content import ENCRYPTIONS, FORMATS, TRANSPARENT
from checks.backup.dump_integrity_facts import NewestDump, newest_dump
from checks.backup.dump_sizes import collapsed, usual_before
from checks.outages import no_data_because_of

_MIN_OTHERS = 3
# Below the first ratio to the usual size a dump has collapsed; below the second it may, unless it is whole.
_COLLAPSED, _SUSPECT, _MAX_SIZE_RATIO = 0.5, 0.75, 2.0
# What a job dumps that names no database, or the wrong one.
_MAINTENANCE = ("postgres", "rdsadmin", "template0", "template1")
# A machine's local time is at most this far behind UTC, and ahead of it.
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)


@check(
    "backup.dump.integrity",
    component=DumpBackups,
    observe=newest_dump,
    severity=Severity.CRITICAL,
    proof=Proof.SAMPLE,
    needs=("s3:ListBucket", "s3:GetObject", "kms:Decrypt"),
    follows_from=(no_data_because_of("backup.dump.freshness"),),
)
def newest_dump_is_intact(dump: NewestDump, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is what it is declared to be, whole, of the usual size, and has the SHA-256 that was recorded.

    Why: A dump that was truncated or damaged on its way looks like any other dump until it has to be restored.
    Reads: s3:ListObjectsV2 for the sizes of all dumps. s3:HeadObject for the `sha256` in its metadata and the SHA-256
    that S3 stores. s3:GetObject for its first MiB and its end, a `.sha256` file beside it, or the whole dump if S3
    stores no SHA-256 and the dump has at most 256 MiB, or if it is compressed or plain and has at most 64 MiB.
    kms:Decrypt if a customer managed key encrypts it. Formats of pg_dump are recognised through gzip, bzip2, xz, zstd
    and lz4, which are opened to their ends; encryption counts as declared by `format`, and the verdict says that its
    content was not read. A custom or a directory archive is whole by its own table of contents, plain SQL by its last
    line. An archive states its database, which has to be the declared one. The size of each dump of the last day must
    be at least half of the usual, which is the highest level that the dumps before it kept for days, so that a collapse
    stays a failure until dumps are large again or `sizes_since` accepts it.
    Unverified when: A call is denied, throttled or fails, there is no dump, the dump is archived, its envelope is not
    declared, its format is unknown, the name of its database only resembles the declared one, no SHA-256 was recorded,
    it is larger than 256 MiB and S3 stores no SHA-256 of it, it is a quarter smaller than usual and not whole by its
    structure, it is twice as large as any before it, or there are fewer than 3 dumps before it.
    Fix: Make a new dump and upload it with its digest: aws s3 cp --checksum-algorithm SHA256 --metadata sha256=...;
    then find out why the upload of the damaged dump went wrong.
    Source: PostgreSQL documentation, pg_dump, https://www.postgresql.org/docs/current/app-pgdump.html; Amazon S3 User
    Guide, Checking object integrity,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """
    declared = "+".join(dumps.format) or "a format of pg_dump"
    expected = f"{declared}, whole, of at least half the usual size, with the recorded SHA-256"
    damages, gaps = tuple(_damages(dump, dumps)), tuple(_gaps(dump, dumps))
    observed = _observed(dump)
    if damages:
        yield failed(f"The newest dump {'; it '.join(damages)}", observed=observed, expected=expected)
    elif small := collapsed(dump.recent[:-1], dump.earlier, dump.others - len(dump.recent) + 1, _COLLAPSED):
        summary = f"{len(small)} dumps of the last day are less than half the usual size"
        observed = f"{small[-1].key}, {small[-1].size_bytes} bytes; {observed}"
        yield failed(summary, observed=observed, expected=expected)
    elif gaps:
        reason, summary, remedy = gaps[0]
        yield unverified(reason, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        shown = f", as far as its {dump.layers[-1]} envelope shows" if _is_opaque(dump) else ""
        yield passed(f"The newest dump is intact{shown}", observed=observed, expected=expected)


def _observed(dump: NewestDump) -> str:
    files = f" in {dump.files} files" if dump.files > 1 else ""
    kind = "+".join(reversed(dump.layers))
    inside = f", {kind}" if kind else ""
    database = f" of database {dump.database}" if dump.database else ""
    return f"{dump.key}, {dump.size_bytes} bytes{files}{inside}{database}{_unjudged(dump)}"


def _is_opaque(dump: NewestDump) -> bool:
    return bool(dump.layers) and dump.layers[-1] not in FORMATS


def _unjudged(dump: NewestDump) -> str:
    if _is_opaque(dump):
        return "; content not read: its format, database, date and end were not judged"
    if dump.layers and dump.completeness.state == "unknown":
        return "; its end was not judged"
    return ""


def _damages(dump: NewestDump, dumps: DumpBackups) -> Iterator[str]:
    if dump.key_unusable:
        yield f"cannot be decrypted: {dump.key_unusable}"
    yield from _damages_of_content(dump, dumps)
    if dump.repeats_key and not _may_repeat(dump.layers):
        yield f"has the same bytes as {dump.repeats_key}"
    if any(_is_sha256(digest.recorded) and digest.stored not in ("", digest.recorded) for digest in dump.digests):
        yield "does not have the recorded SHA-256"
    usual = usual_before(dump.recent[:-1], dump.earlier) if dump.others >= _MIN_OTHERS else None
    if usual is not None and dump.size_bytes < _COLLAPSED * usual:
        yield f"has {dump.size_bytes} bytes instead of about {usual}"


def _damages_of_content(dump: NewestDump, dumps: DumpBackups) -> Iterator[str]:
    if dump.broken:
        yield dump.broken
    elif _contradicts(dump.layers, dumps.format):
        yield f"is {'+'.join(reversed(dump.layers))} instead of {'+'.join(dumps.format)}"
    if dump.completeness.state == "truncated":
        yield dump.completeness.why
    if (
        dump.made is not None
        and dump.written - dump.made.replace(tzinfo=dump.written.tzinfo) > dumps.stale_after + _WEST
    ):
        yield f"holds an archive that was made at {dump.made:%Y-%m-%d %H:%M}"
    if dump.without_data:
        yield "holds no data, only the schema"
    if dump.database and _kinship(dump.database, dumps.database) == "none":
        yield f"is of the database {dump.database}"


def _kinship(found: str, declared: str) -> Literal["same", "perhaps", "none"]:
    """Whether an archive of the database `found` is of the declared one; app_staging may be a name of app, or not."""
    bare, expected = ("".join(re.findall(r"[^\W_]+", name.lower())) for name in (found, declared))
    if bare == expected:
        return "same"
    return "perhaps" if bare not in _MAINTENANCE and (expected in bare or bare in expected) else "none"


def _contradicts(layers: tuple[DumpLayer, ...], declared: tuple[DumpLayer, ...]) -> bool:
    """Whether the layers, outermost first, differ from those declared, innermost first, as far as both go."""
    outside_in = tuple(reversed(declared))
    shared = min(len(layers), len(outside_in))
    return layers[:shared] != outside_in[:shared]


def _may_repeat(layers: tuple[DumpLayer, ...]) -> bool:
    """Whether two dumps can have the same bytes: plain SQL of an idle database does; archives state their date."""
    return not layers or (layers[-1] not in ("custom", "directory", "tar") and not ENCRYPTIONS & set(layers))


def _gaps(dump: NewestDump, dumps: DumpBackups) -> Iterator[tuple[Reason, str, str]]:
    """What the facts do not show: reason, summary and remedy of each."""
    yield from _gaps_of_content(dump, dumps)
    yield from _gaps_of_origin(dump, dumps)
    if not all(_is_sha256(digest.recorded) for digest in dump.digests):
        remedy = "upload dumps with their SHA-256 in hex as the metadata `sha256`, or in a file `.sha256` beside them"
        yield Reason.NOT_ENOUGH_DATA, "No SHA-256 was recorded with the newest dump", remedy
    if not all(digest.stored for digest in dump.digests):
        remedy = "upload dumps with --checksum-algorithm SHA256, so that S3 computes and stores one"
        yield Reason.UNSUPPORTED, "The newest dump is too large to read, and S3 stores no SHA-256 of it", remedy
    if len(dump.digests) < dump.files:
        summary = f"The newest dump has {dump.files} files, more than are read in one run"
        yield Reason.UNSUPPORTED, summary, "store the dump in one file, such as a tar file of the directory"
    yield from _gaps_of_size(dump)


def _gaps_of_content(dump: NewestDump, dumps: DumpBackups) -> Iterator[tuple[Reason, str, str]]:
    declare = "declare the `format` of the dumps, such as [custom, zstd] or [plain, gzip, age]"
    if dump.archived:
        remedy = "keep the newest dumps out of archive storage classes: let the lifecycle rule archive after some days"
        yield Reason.UNSUPPORTED, f"The newest dump is archived in {dump.archived}, and cannot be read", remedy
    elif dump.other:
        remedy = "declare a `prefix` or a `pattern` that selects only the dumps of this database"
        yield Reason.UNSUPPORTED, f"The newest dump is {dump.other}, which Basewatch does not judge", remedy
    elif dump.unopened:
        summary = f"The newest dump begins like {dump.unopened}, and cannot be decompressed"
        yield Reason.UNSUPPORTED, summary, "decompress it by hand, and restore it into an empty database"
    elif dump.layers[-1:] and dump.layers[-1] in TRANSPARENT:
        summary = f"The content of the newest dump, in {dump.layers[-1]}, is not of a known format"
        yield Reason.UNSUPPORTED, summary, "make it by pg_dump, or " + declare
    elif not dump.layers:
        yield Reason.UNSUPPORTED, "The format of the newest dump is not known", "make it by pg_dump, or " + declare
    elif dump.layers[-1] not in FORMATS and len(dumps.format) < len(dump.layers):
        summary = f"The newest dump is in an envelope of {dump.layers[-1]}, which Basewatch cannot look into"
        yield Reason.UNSUPPORTED, summary, declare
    if dump.completeness.state == "suspect":
        remedy = "restore it into an empty database, and find out whether its upload was interrupted"
        yield Reason.UNSUPPORTED, f"The newest dump {dump.completeness.why}", remedy
    if dump.repeats_key and _may_repeat(dump.layers):
        remedy = "find out whether the backup job uploads an old file; archives in custom format state their date"
        yield Reason.UNSUPPORTED, f"The newest dump has the same bytes as {dump.repeats_key}", remedy


def _gaps_of_origin(dump: NewestDump, dumps: DumpBackups) -> Iterator[tuple[Reason, str, str]]:
    if dump.made is not None and dump.made.replace(tzinfo=dump.written.tzinfo) > dump.written + _EAST:
        summary = f"The newest dump states a later time than that of its upload: {dump.made:%Y-%m-%d %H:%M}"
        yield Reason.UNSUPPORTED, summary, "set the clock of the machine that makes the dumps"
    if dump.database and _kinship(dump.database, dumps.database) == "perhaps":
        remedy = f"declare `database: {dump.database}` if it is this one; if not, find out what the backup job dumps"
        yield Reason.UNSUPPORTED, f"The newest dump is of the database {dump.database}, not {dumps.database}", remedy


def _gaps_of_size(dump: NewestDump) -> Iterator[tuple[Reason, str, str]]:
    if dump.others < _MIN_OTHERS:
        few = f"There are fewer than {_MIN_OTHERS} older dumps to compare the size of the newest with"
        yield Reason.NOT_ENOUGH_DATA, few, "wait for more dumps"
        return
    usual = usual_before(dump.recent[:-1], dump.earlier) or 0
    sizes = [each.size_bytes for each in dump.recent[:-1]] + [each.size_bytes for each in dump.earlier]
    look = "find out why; if the database has changed on purpose, declare `sizes_since`, the day since which it is so"
    if dump.size_bytes < _SUSPECT * usual and dump.completeness.state != "complete":
        summary = f"The newest dump has {dump.size_bytes} bytes instead of about {usual}, and may be cut off"
        yield Reason.UNSUPPORTED, summary, look
    elif dump.size_bytes > _MAX_SIZE_RATIO * max(sizes, default=0):
        summary = f"The newest dump has {dump.size_bytes} bytes, more than twice as many as any before it"
        yield Reason.UNSUPPORTED, summary, look


def _is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None
