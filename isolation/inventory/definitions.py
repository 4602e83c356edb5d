"""Digests for approvals: each covers an object and everything that it reaches, by names and texts and never by OIDs."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from basewatch.digests import UNREAD
from isolation.inventory._body_names import body_names
from isolation.inventory._graph import strongly_connected

_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What one object is: a row of the statements `definitions_*`; a body has constants, so it is never stored.

    `key` names it within the database, `bare` is its name as a word of a body in `schema`, `name` is its kind and its
    qualified name. `own` is the digest of it alone, in hex. `refs` are the keys of the objects that it names. `code` is
    a body that is resolved late, in `language`, and `own_names` are those of the function and its arguments; with
    `writes`, it may write to the tables it names. `uncovered` is what no digest can cover, in words. `readable` is
    false if PostgreSQL could not print it, as a table is locked. A function, cast or operator with `given` counts for a
    body only if the body reaches one of those; `compiled` says in words that none counts.
    """

    key: str
    bare: str
    name: str
    own: str
    readable: bool = True
    refs: tuple[str, ...]
    writes: bool
    uncovered: str
    schema: str = ""
    code: str = ""
    language: str = ""
    own_names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    compiled: str = ""


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
            for name in _callings(row) if row.bare else ():
                named[name].append(row.key)
        signs = tuple({row.bare for row in self._rows.values() if row.key.startswith("operator ") and row.bare})
        schemas = {"pg_catalog", "information_schema", *(row.schema for row in self._rows.values())}
        each = ((row.key, _words(row, named, signs, schemas)) for row in self._rows.values() if row.code)
        self._words = {key: words for key, words in each if words}
        self._compiled = defaultdict[str, set[str]](set)
        for row in self._rows.values():
            if row.compiled and not row.given:
                self._compiled[row.bare].add(row.compiled)
        casts = tuple(key for key, row in self._rows.items() if key.startswith("cast ") and not row.given)
        self._edges = {key: tuple(self._targets(row, named, casts)) for key, row in self._rows.items()}
        while added := self._add_given():
            for key, target in added:
                self._edges[key] = (*self._edges[key], target)
        self._digests, self._uncovered = dict[str, bytes](), dict[str, tuple[str, ...]]()
        self._unread = dict[str, str]()
        for group in strongly_connected(self._edges):
            self._take(group)
        self._names = {row.key: row.name for row in self._rows.values()}
        # Bodies are large, and no longer needed.
        self._rows, self._words = {}, {}

    def _targets(self, row: Definition, named: Mapping[str, list[str]], casts: tuple[str, ...]) -> Iterator[str]:
        mentioned = (key for word in self._words.get(row.key, ()) for key in named[word])
        for key in dict.fromkeys((*row.refs, *(key for key in mentioned if self._counts(key)))):
            if key in self._rows:
                yield key
            writes = key.replace("relation ", "writes ", 1)
            if row.writes and writes != key and writes in self._rows:
                yield writes
        if row.code:
            yield from casts

    def _counts(self, key: str) -> bool:
        """Whether an object counts for every body that mentions it."""
        return not self._rows[key].given and not self._rows[key].compiled

    def _add_given(self) -> Sequence[tuple[str, str]]:
        """The casts and operators that a body may use, as it reaches their types, and that it does not reach yet."""
        given = [row for row in self._rows.values() if row.given]
        if not given:
            return ()
        sources = defaultdict[str, list[str]](list)
        for key, targets in self._edges.items():
            for target in targets:
                sources[target].append(key)
        above = {one: _above(one, sources) for one in {one for row in given for one in row.given}}
        return [
            (key, row.key)
            for row in given
            for key in sorted(set[str]().union(*(above[one] for one in row.given)))
            if self._rows[key].code
            and (not row.bare or row.bare in self._words.get(key, ()))
            and row.key not in self._edges[key]
        ]

    def _take(self, group: list[str]) -> None:
        """Digests objects that reach each other together, after everything else that they reach."""
        below = {key for one in group for key in self._edges[one]} - set(group)
        own = {key: bytes.fromhex(self._rows[key].own) for key in group}
        parts = (*sorted(own.values()), b"|", *sorted({self._digests[key] for key in below}))
        together = hashlib.sha256(b"".join(parts)).digest()
        own_gaps = {gap for key in group for gap in self._gaps(key)}
        uncovered = own_gaps.union(*(self._uncovered.get(key, ()) for key in below)) - {""}
        unread = [self._rows[key].name for key in group if not self._rows[key].readable]
        unread += [self._unread[key] for key in below if key in self._unread]
        if unread:
            self._unread |= dict.fromkeys(group, min(unread))
        for key in group:
            self._digests[key] = hashlib.sha256(own[key] + together).digest()
            if uncovered:
                self._uncovered[key] = tuple(sorted(uncovered)[:_SHOWN])

    def _gaps(self, key: str) -> Iterator[str]:
        yield self._rows[key].uncovered
        for word in self._words.get(key, ()):
            yield from self._compiled.get(word, ())

    def by_name(self) -> Mapping[str, str]:
        """The digest of every object by its kind and name."""
        return {name: self.digest(key) for key, name in self._names.items()}

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
        if not self._edges.get(key) and key not in self._uncovered:
            return Coverage(digest=self.digest(key), reached=(), uncovered=())
        seen, pending, names = {key}, deque([key]), dict[str, None]()
        while pending and len(names) < _SHOWN:
            for each in self._edges.get(pending.popleft(), ()):
                if each not in seen:
                    seen.add(each)
                    pending.append(each)
                    if not each.startswith(("schema ", "writes ")):
                        names[self._names[each]] = None
        return Coverage(digest=self.digest(key), reached=tuple(names)[:_SHOWN], uncovered=self._uncovered.get(key, ()))


def _callings(row: Definition) -> tuple[str, str]:
    return row.bare, f"{row.schema}.{row.bare}"


def _words(row: Definition, named: Collection[str], signs: Collection[str], schemas: Collection[str]) -> frozenset[str]:
    """The names of objects in a body; of operators, those that any run of their signs may contain."""
    found = body_names(row.code, row.language, row.own_names, schemas)
    known = (one for one in found.names if one in named)
    return frozenset((*known, *(one for one in signs if any(one in run for run in found.signs))))


def _above(key: str, sources: Mapping[str, Sequence[str]]) -> set[str]:
    found, pending = {key}, [key]
    while pending:
        new = set(sources.get(pending.pop(), ())) - found
        found |= new
        pending.extend(new)
    return found - {key}
