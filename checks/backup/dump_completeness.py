"""Whether a dump is whole by its own structure: pg_dump marks the end of what it writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from basewatch.component_settings import DumpLayer
from checks.backup.dump_content import PG_DUMPALL
from checks.backup.dump_streams import Opened
from checks.backup.pg_archive import PgArchive

# The end of the data of a custom archive, or of the table of contents of one without data: a zero, with its sign.
_CUSTOM_END = bytes(5)
_TAR_END = bytes(1024)
_PLAIN_END = b"-- PostgreSQL database dump complete"
_MAX_NAMED = 3

_State: TypeAlias = Literal["complete", "truncated", "suspect", "unknown"]
_FAULTS: Mapping[str, tuple[_State, str]] = {
    "cut": ("truncated", "is cut off: its {} ends too early"),
    "damaged": ("truncated", "is damaged: its {} cannot be decompressed to the end"),
    "trailing": ("suspect", "has other bytes behind the end of its {}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Whether the structure shows that the dump is whole, and why not.

    `suspect` lacks what pg_dump writes at the end, in a format that others rewrite too; `unknown` could not be read.
    """

    state: _State
    why: str = ""


UNKNOWN = Completeness(state="unknown")


def completeness(opened: Opened, *, tail: bytes, files: Collection[str]) -> Completeness:
    """Whether a dump is whole; `tail` is the end of one that is in no envelope, `files` names those of a directory."""
    content = opened.content
    if opened.end in _FAULTS:
        state, why = _FAULTS[opened.end]
        return Completeness(state=state, why=why.format(opened.faulty))
    if content.other == PG_DUMPALL and opened.has_database is False:
        return Completeness(state="truncated", why="holds only the roles of a server, and no database")
    if len(content.layers) > 1 and opened.end == "unread":
        return UNKNOWN
    if content.layers[-1:] == ("directory",):
        return _directory(content.archive, files)
    if content.layers[-1:] == ("custom",):
        return _custom(content.archive, opened.size_bytes, opened.tail or tail)
    return _of_text_or_tar(content.layers, opened.tail or tail)


def _of_text_or_tar(layers: tuple[DumpLayer, ...], tail: bytes) -> Completeness:
    match layers[-1:]:
        case ("tar",) if tail and not tail.endswith(_TAR_END):
            return Completeness(state="suspect", why="does not end as a tar file ends")
        case ("plain",) if tail and _PLAIN_END not in tail:
            return Completeness(state="suspect", why="does not end with the last line that pg_dump writes")
        case ("tar",) | ("plain",) if tail:
            return Completeness(state="complete")
        case _:
            return UNKNOWN


def _custom(archive: PgArchive | None, size_bytes: int, tail: bytes) -> Completeness:
    contents = archive.contents if archive else None
    if archive and archive.unread == "malformed":
        return Completeness(state="suspect", why="has a table of contents that cannot be read")
    if contents is None:
        return UNKNOWN
    if contents.last_offset >= size_bytes:
        return Completeness(state="truncated", why="is cut off: its table of contents points past its end")
    if not tail and contents.has_data:
        return UNKNOWN
    if contents.has_data and not tail.endswith(_CUSTOM_END):
        return Completeness(state="truncated", why="is cut off: it does not end as pg_dump ends an archive")
    return Completeness(state="complete")


def _directory(archive: PgArchive | None, files: Collection[str]) -> Completeness:
    contents = archive.contents if archive else None
    if contents is None:
        return UNKNOWN
    # Compressed files have one more ending than the table of contents says.
    present = {name for each in files for name in (each, each.rpartition(".")[0])}
    absent = sorted(set(contents.files) - present)
    if absent:
        named = ", ".join(absent[:_MAX_NAMED])
        return Completeness(state="truncated", why=f"lacks {len(absent)} of {len(contents.files)} files: {named}")
    return Completeness(state="complete")
