"""Expressions as PostgreSQL prints them, cut into tokens: enough to see names and constants, and no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class TokenKind(StrEnum):
    """What a token is; a PARAMETER is `$1`, a MARK everything else that is neither name nor constant."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    PARAMETER = "parameter"
    PUNCTUATION = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token; of a name and a text constant the quotes are taken off. `quoted` tells `"and"` from AND."""

    kind: TokenKind
    text: str
    quoted: bool = False


# ruleutils.c writes E'' only for backslashes, never U& or $$.
_TOKEN: Final = re.compile(
    r"""(?P<escaped>E'(?:[^'\\]|''|\\.)*') | (?P<text>'(?:[^']|'')*') | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?) | (?P<parameter>\$\d+)
      | (?P<name>[^\W\d][\w$]*) | (?P<mark>::|[^\s])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def tokenize(expression: str) -> tuple[Token, ...]:
    """The tokens of an expression as pg_get_expr() or EXPLAIN prints it."""
    return tuple(_token(match) for match in _TOKEN.finditer(expression))


def _token(match: re.Match[str]) -> Token:
    kind, text = match.lastgroup or "", match[0]
    if kind == "escaped":
        return Token(kind=TokenKind.TEXT, text=_ESCAPED.sub(r"\1", text[2:-1].replace("''", "'")))
    if kind == "text":
        return Token(kind=TokenKind.TEXT, text=text[1:-1].replace("''", "'"))
    if kind == "quoted":
        return Token(kind=TokenKind.NAME, text=text[1:-1].replace('""', '"'), quoted=True)
    return Token(kind=TokenKind(kind), text=text)


TokenTree: TypeAlias = "tuple[Token | TokenTree, ...]"


def token_tree(found: tuple[Token, ...]) -> TokenTree:
    """Tokens nested by their parentheses; one that is never closed ends with the expression."""
    return _group(iter(found))


def _group(rest: Iterator[Token]) -> TokenTree:
    items: list[Token | TokenTree] = []
    for token in rest:
        if token.kind is TokenKind.PUNCTUATION and token.text == ")":
            break
        items.append(_group(rest) if token.kind is TokenKind.PUNCTUATION and token.text == "(" else token)
    return tuple(items)


def split_at_keyword(group: TokenTree, word: str) -> tuple[TokenTree, ...]:
    """The parts of a group between AND or OR on its own level; just the group, when it has none."""
    parts: list[list[Token | TokenTree]] = [[]]
    for item in group:
        if is_keyword(item, word):
            parts.append([])
        else:
            parts[-1].append(item)
    return tuple(tuple(part) for part in parts)


def is_keyword(item: Token | TokenTree, word: str) -> bool:
    """Whether an item is this keyword, which PostgreSQL prints in capitals."""
    return isinstance(item, Token) and item.kind is TokenKind.NAME and not item.quoted and item.text == word


def leaves(group: TokenTree) -> Iterator[Token]:
    """Every token of a group and of the groups within it, without parentheses."""
    for item in group:
        if isinstance(item, Token):
            yield item
        else:
            yield from leaves(item)
