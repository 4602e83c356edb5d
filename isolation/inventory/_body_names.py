"""The names and operators in a body that PostgreSQL resolves when it runs, by its lexical rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

# https://www.postgresql.org/docs/18/sql-syntax-lexical.html: comments and texts before what they may contain.
_TOKEN: Final = re.compile(
    r"""
    (?P<skipped>\s+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<text>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<quote>\$(?:[A-Za-z_\x80-\U0010ffff][\w]*)?\$).*?(?P=quote))
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<name>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    |(?P<sign>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?])+)
    |(?P<dot>(?<!\.)\.(?!\.))
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK: Final = re.compile(r"/\*|\*/")
_WORD: Final = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*")
_SIGNS: Final = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_UPPER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
# What may stand before a point in any body and is no schema.
_RECORDS: Final = frozenset({"new", "old", "excluded"})
_Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BodyNames:
    """What a body names.

    `names` are `name` or `schema.name`, with a parenthesis if it may be called; `signs` are runs of them.
    """

    names: frozenset[str]
    signs: frozenset[str]


def body_names(code: str, language: str, own: Collection[str], schemas: Collection[str]) -> BodyNames:
    """The names and operators in a body.

    `own` are the names of the function and of its arguments, `schemas` all schemas: a name has its schema if nothing
    else can be meant. Names in texts count, those in comments do not. Of other languages than SQL and PL/pgSQL, and
    where texts may end in another way, every word and every sign counts.
    """
    if language not in {"sql", "plpgsql"} or "\\'" in code:
        return BodyNames(frozenset(_in_text(code)), frozenset(_SIGNS.findall(code)))
    tokens = list(_tokens(code))
    paths = list(_paths(tokens))
    taken = {*own, *_RECORDS, *(path[-1] for path, _ in paths), *(path[0] for path, _ in paths if len(path) == 1)}
    found = (
        *(form for path, called in paths for form in _meant(path, schemas, taken, called=called)),
        *(form for kind, text in tokens if kind == "text" for form in _in_text(text)),
    )
    return BodyNames(frozenset(found), frozenset(text for kind, text in tokens if kind == "sign"))


def _tokens(code: str) -> Iterator[_Token]:
    at = 0
    while match := _TOKEN.match(code, at):
        at = match.end()
        kind = match.lastgroup or ""
        if match["comment"]:
            at = _after_comment(code, at)
        elif match["text"]:
            yield "text", match["text"]
        elif match["quoted"]:
            yield "name", _cut(match["quoted"][1:-1].replace('""', '"'))
        elif match["name"]:
            yield "name", _cut(match["name"].translate(_UPPER))
        elif not match["skipped"]:
            yield kind, match[0]


def _after_comment(code: str, at: int) -> int:
    """Where a comment ends; others may be in it."""
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(code, at)):
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return len(code) if depth else at


def _cut(name: str) -> str:
    return name.encode()[:63].decode(errors="ignore")


def _paths(tokens: list[_Token]) -> Iterator[tuple[list[str], bool]]:
    """The names with points between them, each with whether it is called; of `(...).name`, the first is empty.

    The last is empty where an operator or a star follows the point.
    """
    path, pointed = list[str](), False
    for kind, text in (*tokens, ("end", "")):
        if kind == "name" and (pointed or not path):
            path.append(text)
            pointed = False
        elif kind == "dot":
            path = path or [""]
            pointed = True
        else:
            if path:
                yield [*path, *([""] if pointed else [])], text == "("
            path, pointed = ([text] if kind == "name" else []), False


def _meant(path: list[str], schemas: Collection[str], taken: Collection[str], *, called: bool) -> Iterator[str]:
    yield from _called(path[0], called=called and len(path) == 1)
    for i, name in enumerate(path[1:]):
        scoped = i == 0 and path[0] in schemas and path[0] not in taken
        # Any one-argument function can be written like a column.
        yield from _called(f"{path[0]}.{name}" if scoped else name, called=True)


def _in_text(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield from _forms(word, called=True)


def _forms(word: str, *, called: bool) -> Iterator[str]:
    for form in {word, word.translate(_UPPER)}:
        yield from _called(form, called=called)


def _called(name: str, *, called: bool) -> Iterator[str]:
    yield name
    if called:
        yield f"{name}("
