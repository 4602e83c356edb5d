"""Whether a policy's expression holds rows to the current tenant, read from its text as PostgreSQL prints it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum


class Grip(StrEnum):
    """What an expression lets through: the current tenant's rows at most, others' too, or nobody can tell."""

    TENANT = "tenant"
    OPEN = "open"
    UNKNOWN = "unknown"


# Stand-ins from Unicode's private use area, which no keyword or bare name contains.
_CONTEXT, _OTHER, _LITERAL, _NAME = "\ue000", "\ue001", "\ue002", "\ue003"
_STAND_INS = re.compile("[\ue000-\ue003]")
# Casts that keep two different tenants apart.
_FAITHFUL = r"::(?:uuid|text|integer|bigint)(?![\w\[(])"


def both(grips: Iterable[Grip]) -> Grip:
    """The grip of expressions joined by AND: one that holds is enough."""
    each = set(grips)
    if Grip.TENANT in each:
        return Grip.TENANT
    return Grip.OPEN if each <= {Grip.OPEN} else Grip.UNKNOWN


def either(grips: Iterable[Grip]) -> Grip:
    """The grip of expressions joined by OR: one that is open opens all, and none at all lets nothing through."""
    each = set(grips)
    if Grip.OPEN in each:
        return Grip.OPEN
    return Grip.TENANT if each <= {Grip.TENANT} else Grip.UNKNOWN


def grip_of(text: str, *, key: str, context: str) -> Grip:
    """The grip of a row expression as pg_get_expr prints it with nothing but pg_catalog on the search path.

    `key` is the tenant column and `context` the setting that names the current tenant. Only shapes that are known to
    hold are TENANT, only ones that plainly ignore the tenant are OPEN; everything else is UNKNOWN.
    """
    if _STAND_INS.search(text):
        return Grip.UNKNOWN
    return _grip(_simplified(text, context), key)


def _simplified(text: str, context: str) -> str:
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match[0])
        return f"{_LITERAL}{len(literals) - 1}{_LITERAL}"

    def setting(match: re.Match[str]) -> str:
        return _CONTEXT if literals[int(match[1])] == f"'{context}'" else _OTHER

    text = re.sub(r"E?'(?:[^']|'')*'", keep, text)
    text = re.sub(r'"(?:[^"]|"")*"', _NAME, text)
    literal = f"{_LITERAL}(\\d+){_LITERAL}::text"
    text = re.sub(rf"\bcurrent_setting\({literal}(?:, (?:true|false))?\)", setting, text)
    return _settled(text)


def _settled(text: str) -> str:
    """The text with what is still the same setting written as the setting: nullif, sub-select, cast, parentheses."""
    for one in (_CONTEXT, _OTHER):
        shapes = (
            rf"\bNULLIF\({one}, {_LITERAL}\d+{_LITERAL}::text\)",
            rf"\( SELECT {one} AS (?:\w+|{_NAME})\)",
            rf"\({one}\)",
            rf"{one}{_FAITHFUL}",
        )
        before = ""
        while before != text:
            before = text
            for shape in shapes:
                text = re.sub(shape, one, text)
    return text


def _grip(text: str, key: str) -> Grip:
    text = _unwrapped(text)
    for word, fold in ((" OR ", either), (" AND ", both)):
        parts = _split(text, word)
        if len(parts) > 1:
            return fold(_grip(part, key) for part in parts)
    return _leaf(text, key)


def _leaf(text: str, key: str) -> Grip:
    column = rf"(?:{re.escape(key)}|\({re.escape(key)}\)::text)"
    if re.fullmatch(rf"{column} = {_CONTEXT}|{_CONTEXT} = {column}", text) or text in {"false", "NULL::boolean"}:
        return Grip.TENANT
    if text == "true" or re.fullmatch(rf"{column} = {_OTHER}|{_OTHER} = {column}", text):
        return Grip.OPEN
    # A dot is another schema's function or a whole row, and a sub-select may bind the row by other means.
    may_bind = re.search(rf"\b{re.escape(key)}\b|\bSELECT\b|\.|{_NAME}", text)
    return Grip.UNKNOWN if may_bind or _is_constant(text) else Grip.OPEN


def _is_constant(text: str) -> bool:
    """Whether no column, function or setting is in it: what it comes to is not worked out here."""
    words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"::\w+", "", text)))
    return words <= {"NOT", "IS", "NULL", "true", "false"} and _CONTEXT not in text and _OTHER not in text


def _unwrapped(text: str) -> str:
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return index
    return -1


def _split(text: str, word: str) -> list[str]:
    """The parts of `text` between `word`s outside all parentheses; one part when a CASE may own them."""
    if "CASE" in text:
        return [text]
    parts, depth, start = list[str](), 0, 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and text.startswith(word, index):
            parts.append(text[start:index])
            start = index + len(word)
    return [*parts, text[start:]]
