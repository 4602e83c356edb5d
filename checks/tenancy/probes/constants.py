"""What an expression compares with: its constants and the settings it asks for, to be tried as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.tenancy.probes.expression_tokens import Token, TokenKind, tokenize


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedConstant:
    """A constant with the type PostgreSQL prints after it; `number` for one that it prints bare."""

    text: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionContents:
    """The constants and the names of settings in some expressions, each once, in order of appearance.

    `names` are all other names: columns, functions, keywords.
    """

    constants: tuple[PrintedConstant, ...]
    settings: tuple[str, ...]
    names: frozenset[str]


def expression_contents(expressions: Iterable[str]) -> ExpressionContents:
    """What stands in expressions as pg_get_expr() prints them."""
    constants = dict[PrintedConstant, None]()
    settings = dict[str, None]()
    names = set[str]()
    for expression in expressions:
        found = tokenize(expression)
        for place, token in enumerate(found):
            if token.kind is TokenKind.NAME:
                names.add(token.text)
            elif token.kind is TokenKind.TEXT and _is_setting(found, place):
                settings[token.text] = None
            elif token.kind is TokenKind.TEXT:
                constants[PrintedConstant(text=token.text, type_name=_type_name(found[place + 1 :]))] = None
            elif token.kind is TokenKind.NUMBER:
                constants[PrintedConstant(text=token.text, type_name="number")] = None
    return ExpressionContents(constants=tuple(constants), settings=tuple(settings), names=frozenset(names))


def _is_setting(found: tuple[Token, ...], place: int) -> bool:
    return [token.text for token in found[max(0, place - 2) : place]] == ["current_setting", "("]


def _type_name(rest: tuple[Token, ...]) -> str:
    """The type of a cast, such as `timestamp with time zone` or `text[]`; without a length."""
    if not rest or rest[0].text != "::":
        return ""
    return " ".join(_type_words(rest[1:])).replace(" . ", ".").replace(" [ ]", "[]")


def _type_words(rest: tuple[Token, ...]) -> Iterator[str]:
    within = False
    for place, token in enumerate(rest):
        if within or token.text == "(":
            within = token.text != ")"
        elif token.kind is TokenKind.NAME and (token.quoted or token.text.islower()):
            yield f'"{token.text}"' if token.quoted else token.text
        elif token.text == "." or _is_array(rest, place) or (token.text == "]" and _is_array(rest, place - 1)):
            yield token.text
        else:
            return


def _is_array(rest: tuple[Token, ...], place: int) -> bool:
    return [token.text for token in rest[max(0, place) : place + 2]] == ["[", "]"]
