"""Digests for approvals: each covers an object and everything that it reaches, by names and texts and never by OIDs."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from basewatch.digests import UNREAD
from isolation.inventory._graph import strongly_connected

_SHOWN: Final = 8
_CLAUSES: Final = frozenset({"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION"})
_PIECE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][\w$]*|[(),.]|[^\w\s]|\d[\w.]*|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What one object is: a row of the statements `definitions_*`; it contains constants, so it is never stored.

    `key` names it within the database, `bare` is its name as a word of a body, `name` is its kind and its qualified
    name. `query` is the query of a view. `refs` are the keys of the objects that it names. Of a body that is resolved
    late, `words` are the names in it; with `writes`, it may write to the tables it names. `uncovered` is what no digest
    can cover, in words. `readable` is false if PostgreSQL could not print it, as a table is locked.
    """

    key: str
    bare: str
    name: str
    text: str
    query: str
    readable: bool = True
    refs: tuple[str, ...]
    words: tuple[str, ...]
    resolved_late: bool
    writes: bool
    uncovered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a digest covers besides the object itself: `reached`, a few of the objects, the nearest first.

    `uncovered` are the things that the object runs or reads and that no digest can cover.
    """

    digest: str
    reached: tuple[str, ...]
    uncovered: tuple[str, ...]


class Definitions:
    """The definitions of one database, as a graph of what reaches what."""

    def __init__(self, rows: Iterable[Definition]) -> None:
        self._rows = {row.key: row for row in rows}
        named = defaultdict[str, list[str]](list)
        for row in self._rows.values():
            if row.bare:
                named[row.bare].append(row.key)
        casts = tuple(key for key in self._rows if key.startswith("cast "))
        self._edges = {key: tuple(self._targets(row, named, casts)) for key, row in self._rows.items()}
        self._digests, self._uncovered = dict[str, bytes](), dict[str, tuple[str, ...]]()
        self._unread = dict[str, str]()
        for group in strongly_connected(self._edges):
            self._take(group)

    def _targets(self, row: Definition, named: Mapping[str, list[str]], casts: tuple[str, ...]) -> Iterator[str]:
        direct = dict.fromkeys((*row.refs, *(key for word in row.words for key in named.get(word, ()))))
        for key in direct:
            if key in self._rows:
                yield key
            writes = key.replace("relation ", "writes ", 1)
            if row.writes and writes != key and writes in self._rows:
                yield writes
        if row.resolved_late:
            yield from casts

    def _take(self, group: list[str]) -> None:
        """Digests objects that reach each other together, after everything else that they reach."""
        below = {key for one in group for key in self._edges[one]} - set(group)
        own = {key: _own(self._rows[key]) for key in group}
        parts = (*sorted(own.values()), b"|", *sorted({self._digests[key] for key in below}))
        together = hashlib.sha256(b"".join(parts)).digest()
        uncovered = {self._rows[key].uncovered for key in group}.union(*(self._uncovered[key] for key in below)) - {""}
        unread = [self._rows[key].name for key in group if not self._rows[key].readable]
        unread += [self._unread[key] for key in below if key in self._unread]
        if unread:
            self._unread |= dict.fromkeys(group, min(unread))
        for key in group:
            self._digests[key] = hashlib.sha256(own[key] + together).digest()
            self._uncovered[key] = tuple(sorted(uncovered)[:_SHOWN])

    def by_name(self) -> Mapping[str, str]:
        """The digest of every object by its kind and name."""
        return {row.name: self.digest(key) for key, row in self._rows.items()}

    def digest(self, key: str) -> str:
        """The digest of an object and of everything that it reaches; empty for an unknown object.

        It says so if one of them could not be read.
        """
        if key in self._unread:
            return f"{UNREAD}{self._unread[key]}"
        found = self._digests.get(key)
        return f"sha256:{found.hex()}" if found else ""

    def coverage(self, key: str) -> Coverage:
        """What the digest of an object covers besides it."""
        seen, pending, names = {key}, deque([key]), dict[str, None]()
        while pending and len(names) < _SHOWN:
            for each in self._edges.get(pending.popleft(), ()):
                if each not in seen:
                    seen.add(each)
                    pending.append(each)
                    if not each.startswith(("schema ", "writes ")):
                        names[self._rows[each].name] = None
        return Coverage(digest=self.digest(key), reached=tuple(names)[:_SHOWN], uncovered=self._uncovered.get(key, ()))


def _own(row: Definition) -> bytes:
    return hashlib.sha256(orjson.dumps([row.name, row.text, unqualified_columns(row.query)])).digest()


def unqualified_columns(query: str) -> str:
    """The query of a view as PostgreSQL 16 and later print it.

    Before version 16, the columns of a query of one table are qualified: `SELECT t.id FROM t`.
    """
    pieces = _PIECE.findall(query)
    outer = _outermost(pieces)
    start = next((i for i, depth in outer.items() if depth == 0 and pieces[i] == "FROM"), len(pieces))
    end = next((i for i, depth in outer.items() if i > start and depth == 0 and pieces[i] in _CLAUSES), len(pieces))
    sources = [i for i in outer if start < i < end]
    one = not any(pieces[i] == "JOIN" or (pieces[i] == "," and outer[i] == 0) for i in sources)
    dropped = {at for i in outer if one and not start < i < end and _qualifies(pieces, i) for at in (i, i + 1)}
    return " ".join("".join(piece for i, piece in enumerate(pieces) if i not in dropped).split())


def _qualifies(pieces: list[str], at: int) -> bool:
    """Whether a piece is the table of a qualified column, and no schema of a function."""
    name = pieces[at].startswith(('"', "_")) or pieces[at][:1].isalpha()
    return name and pieces[at + 1 : at + 2] == ["."] and pieces[at + 3 : at + 4] != ["("] and pieces[at - 1] != "."


def _outermost(pieces: list[str]) -> dict[int, int]:
    """The positions of the pieces that are in no sub-select, each with the number of open parentheses."""
    nested, found = list[bool](), dict[int, int]()
    for i, piece in enumerate(pieces):
        if piece == "(":
            word = next((each for each in pieces[i + 1 : i + 3] if each.strip()), "")
            nested.append(word in {"SELECT", "WITH", "VALUES"} or any(nested[-1:]))
        elif piece == ")":
            nested[-1:] = []
        elif not any(nested[-1:]):
            found[i] = len(nested)
    return found
