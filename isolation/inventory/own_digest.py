"""The digest of the definition of one object alone, equal on every version of PostgreSQL."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import orjson

from basewatch.postgres import Row

_CLAUSES: Final = frozenset({"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION"})
_PIECE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][\w$]*|[(),.]|[^\w\s]|\d[\w.]*|\s+")


def with_own_digest(row: Row) -> Row:
    """A row of the statements with its digest in place of `text` and `query`, which are large and contain constants."""
    text, query = row.pop("text"), row.pop("query")
    return {**row, "own": own_digest(row["name"], text, query)}


def own_digest(name: str, text: str, query: str = "") -> str:
    """The sha256 of the definition of one object, in hex; `query` is that of a view."""
    unqualified = unqualified_columns(query) if query else ""
    return hashlib.sha256(orjson.dumps([name, text, unqualified])).hexdigest()


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
