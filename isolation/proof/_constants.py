"""Constants in a branch: the values that columns are compared with, as text, for those that the manifest names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from isolation.inventory.builtin_oids import BOOLEAN, EQUALS, INTEGERS, TYPES, TypeFamily
from isolation.proof._branches import Branch
from isolation.proof._expressions import FALSE, TRUE, ColumnRef, Comparison, Constant, Expression, TypeCast
from isolation.proof._terms import TermNormalizer

_UUID: Final = 2950
Constants = Mapping[tuple[int, int], frozenset[str]]
"""The texts of the constants that columns are equal to, by row and number."""


def column_constants(branch: Branch, normalizer: TermNormalizer) -> Constants:
    """The constants that columns equal on a branch; a redacted one is unknown, and left out."""
    found = defaultdict[tuple[int, int], set[str]](set)
    for literal, truth_values in branch.literals:
        if isinstance(literal, ColumnRef) and literal.type == BOOLEAN and truth_values in {TRUE, FALSE}:
            found[literal.row, literal.number].add("true" if truth_values == TRUE else "false")
        if isinstance(literal, Comparison) and literal.operator in EQUALS and truth_values == TRUE:
            one, other = literal.arguments
            for column, value in ((one, other), (other, one)):
                term, text = normalizer.normalize(column), _text(value)
                if term is not None and term.value_ref[0] == "column" and not term.folded and text is not None:
                    found[term.value_ref[1], term.value_ref[2]].add(text)
    return {column: frozenset(texts) for column, texts in found.items()}


def canonical(value: str, type_oid: int) -> str:
    """A value of the manifest as `column_constants` writes one of this type."""
    try:
        return str(UUID(value)) if type_oid == _UUID else str(int(value)) if type_oid in INTEGERS else value
    except ValueError:
        return value


def _text(expression: Expression) -> str | None:
    match expression:
        case Constant(value=None):
            return None
        case Constant(type=kind, value=bytes() as value):
            if kind == _UUID:
                return str(UUID(bytes=value))
            if kind in INTEGERS:
                return str(int.from_bytes(value, "little", signed=True))
            return expression.text if TYPES.get(kind) in {TypeFamily.TEXT, TypeFamily.BLANK_PADDED} else None
        case TypeCast(cast_method="text" | "relabel", argument=argument, type=kind):
            inner = _text(argument)
            return None if inner is None else canonical(inner, kind)
        case _:
            return None
