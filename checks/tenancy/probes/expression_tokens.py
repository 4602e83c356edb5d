"""A tokenizer for expressions as PostgreSQL prints them, and their constants, settings and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class TokenKind(StrEnum):
    """The kind of a token; PARAMETER is `$1`, PUNCTUATION all that is neither name nor constant."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    PARAMETER = "parameter"
    PUNCTUATION = "punctuation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token; names and text constants are without quotes. `quoted` distinguishes `"and"` from AND."""

    kind: TokenKind
    text: str
    quoted: bool = False


# ruleutils.c prints E'' only for backslashes, never U& or $$.
_TOKEN: Final = re.compile(
    r"""(?P<escaped>E'(?:[^'\\]|''|\\.)*') | (?P<text>'(?:[^']|'')*') | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?) | (?P<parameter>\$\d+)
      | (?P<name>[^\W\d][\w$]*) | (?P<punctuation>::|[^\s])""",
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
    """Tokens nested by their parentheses; an unclosed one ends with the expression."""
    return _group(iter(found))


def _group(rest: Iterator[Token]) -> TokenTree:
    items: list[Token | TokenTree] = []
    for token in rest:
        if token.kind is TokenKind.PUNCTUATION and token.text == ")":
            break
        items.append(_group(rest) if token.kind is TokenKind.PUNCTUATION and token.text == "(" else token)
    return tuple(items)


def split_at_keyword(group: TokenTree, word: str) -> tuple[TokenTree, ...]:
    """The parts of a group between AND or OR on its top level; the group itself without any."""
    parts: list[list[Token | TokenTree]] = [[]]
    for item in group:
        if is_keyword(item, word):
            parts.append([])
        else:
            parts[-1].append(item)
    return tuple(tuple(part) for part in parts)


def is_keyword(item: Token | TokenTree, word: str) -> bool:
    """Whether an item is this keyword, which PostgreSQL prints in upper case."""
    return isinstance(item, Token) and item.kind is TokenKind.NAME and not item.quoted and item.text == word


def leaves(group: TokenTree) -> Iterator[Token]:
    """Every token of a group and of the groups within it, without parentheses."""
    for item in group:
        if isinstance(item, Token):
            yield item
        else:
            yield from leaves(item)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedConstant:
    """A constant with the type that PostgreSQL prints after it; `number` for one printed without a type."""

    text: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionContents:
    """The distinct constants and setting names in expressions, in order of appearance.

    `names` are all other names: columns, functions, keywords.
    """

    constants: tuple[PrintedConstant, ...]
    settings: tuple[str, ...]
    names: frozenset[str]


def expression_contents(expressions: Iterable[str]) -> ExpressionContents:
    """The contents of expressions as pg_get_expr() prints them."""
    constants = dict[PrintedConstant, None]()
    settings = dict[str, None]()
    names = set[str]()
    for expression in expressions:
        found = tokenize(expression)
        for index, token in enumerate(found):
            if token.kind is TokenKind.NAME:
                names.add(token.text)
            elif token.kind is TokenKind.TEXT and _is_setting(found, index):
                settings[token.text] = None
            elif token.kind is TokenKind.TEXT:
                constants[PrintedConstant(text=token.text, type_name=_type_name(found[index + 1 :]))] = None
            elif token.kind is TokenKind.NUMBER:
                constants[PrintedConstant(text=token.text, type_name="number")] = None
    return ExpressionContents(constants=tuple(constants), settings=tuple(settings), names=frozenset(names))


def _is_setting(found: tuple[Token, ...], index: int) -> bool:
    return [token.text for token in found[max(0, index - 2) : index]] == ["current_setting", "("]


def _type_name(rest: tuple[Token, ...]) -> str:
    """The type of a cast, such as `timestamp with time zone` or `text[]`; without a length."""
    if not rest or rest[0].text != "::":
        return ""
    return " ".join(_type_words(rest[1:])).replace(" . ", ".").replace(" [ ]", "[]")


def _type_words(rest: tuple[Token, ...]) -> Iterator[str]:
    in_length = False
    for index, token in enumerate(rest):
        if in_length or token.text == "(":
            in_length = token.text != ")"
        elif token.kind is TokenKind.NAME and (token.quoted or token.text.islower()):
            yield f'"{token.text}"' if token.quoted else token.text
        elif token.text == "." or _is_array(rest, index) or (token.text == "]" and _is_array(rest, index - 1)):
            yield token.text
        else:
            return


def _is_array(rest: tuple[Token, ...], index: int) -> bool:
    return [token.text for token in rest[max(0, index) : index + 2]] == ["[", "]"]
