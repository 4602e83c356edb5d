"""What two sides of a comparison have in common: columns and the context, however they are cast on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from isolation.inventory.builtin_oids import (
    BOOLEAN,
    BPCHAR_TO_TEXT,
    CURRENT_SETTING,
    CURRENT_SETTING_OR_NULL,
    EQUALS,
    FIRST_USER_OID,
    FOLDING_FUNCTIONS,
    INTEGERS,
    NUMBER_CASTS,
    TYPES,
    TypeFamily,
)
from isolation.proof._expressions import ColumnRef, Constant, ContextValue, Expression, FunctionCall, NullIf, TypeCast

ValueRef = tuple[str, int, int]
"""Where a value comes from: ("column", row, number) or ("context", part of the key, 0)."""


class EqualityStrength(StrEnum):
    """What an equality says of two places: the same canonical text, or only the same after what was done to them."""

    EXACT = "exact"
    UUID = "uuid"
    NUMBER = "number"
    FOLDED = "folded"
    PADDED = "padded"


@dataclass(frozen=True, slots=True)
class Term:
    """A place, as it stands in a comparison: cast to `form` and `type`, `folded` when its text was changed.

    Every cast on the way is either the same for two values only if they are the same id, or it is noted here. A NULL
    may have come of it, which no equality holds for.
    """

    value_ref: ValueRef
    origin: TypeFamily
    form: TypeFamily
    type: int
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Equality:
    """That two places hold the same id, as strongly as it was compared."""

    one: ValueRef
    other: ValueRef
    strength: EqualityStrength


Resolve = Callable[[Expression], Expression]
"""What a call of somebody's own function stands for: the same expression when it stands for nothing known."""


def setting_of(expression: Expression) -> Constant | None:
    """The name that current_setting() is called with, when it is a constant."""
    if isinstance(expression, FunctionCall) and expression.function in {CURRENT_SETTING, CURRENT_SETTING_OR_NULL}:
        name = expression.arguments[0] if expression.arguments else None
        return name if isinstance(name, Constant) else None
    return None


def may_be_null(setting: FunctionCall) -> bool:
    """Whether current_setting() gives NULL for a setting that was never set, instead of an error."""
    if setting.function == CURRENT_SETTING:
        return False
    flag = setting.arguments[1] if len(setting.arguments) > 1 else None
    return not (isinstance(flag, Constant) and flag.type == BOOLEAN and flag.value is not None and not flag.value[0])


class TermNormalizer:
    """Terms of expressions where `settings` are the names of the context, in the order of the key."""

    def __init__(self, settings: tuple[str, ...], resolve: Resolve) -> None:
        self._settings = tuple(name.lower() for name in settings)
        self.resolve = resolve

    def context_index(self, expression: Expression) -> int | None:
        """Which part of the context current_setting() asks for; None for anything else."""
        name = setting_of(expression)
        text = None if name is None else name.text
        found = None if text is None else text.lower()
        return self._settings.index(found) if found in self._settings else None

    def normalize(self, expression: Expression) -> Term | None:  # noqa: PLR0911  # one case per shape
        """The term of an expression; None when it is no place, or was changed in a way that is not known."""
        match expression:
            case ColumnRef():
                family = TYPES.get(expression.type)
                if family is None or family is TypeFamily.BOOLEAN:
                    return None
                return Term(("column", expression.row, expression.number), family, family, expression.type)
            case ContextValue():
                family = TYPES.get(expression.type)
                place = ("context", expression.index, 0)
                return Term(place, TypeFamily.TEXT, family, expression.type) if family else None
            case NullIf():
                return self.normalize(expression.arguments[0])
            case TypeCast():
                return self._cast(expression)
            case FunctionCall():
                return self._call(expression)
            case _:
                return None

    def _call(self, call: FunctionCall) -> Term | None:  # noqa: PLR0911  # one case per shape
        index = self.context_index(call)
        if index is not None:
            return Term(("context", index, 0), TypeFamily.TEXT, TypeFamily.TEXT, call.type)
        if call.function >= FIRST_USER_OID:
            meant = self.resolve(call)
            return None if meant is call else self.normalize(meant)
        inner = self.normalize(call.arguments[0]) if len(call.arguments) == 1 else None
        if inner is None:
            return None
        if call.function == BPCHAR_TO_TEXT and inner.form is TypeFamily.BLANK_PADDED:
            changed = inner.folded or inner.origin is not TypeFamily.BLANK_PADDED
            return replace(inner, form=TypeFamily.TEXT, type=call.type, folded=changed)
        if call.function in FOLDING_FUNCTIONS and inner.form is TypeFamily.TEXT:
            return replace(inner, folded=True)
        if call.function in NUMBER_CASTS and inner.form is TypeFamily.NUMBER:
            rounds = inner.type not in INTEGERS and call.type in INTEGERS and inner.value_ref[0] != "context"
            return None if rounds else replace(inner, type=call.type)
        return None

    def _cast(self, cast: TypeCast) -> Term | None:
        family = TYPES.get(cast.type)
        argument = cast.argument
        if cast.cast_method == "domain":
            return self.normalize(argument)
        if family is None or family is TypeFamily.BOOLEAN:
            return None
        if isinstance(argument, ColumnRef) and argument.type >= FIRST_USER_OID and cast.cast_method == "relabel":
            return Term(("column", argument.row, argument.number), family, family, cast.type)  # of a domain
        inner = self.normalize(argument)
        if inner is None:
            return None
        pair = (inner.form, family)
        if cast.cast_method == "relabel":
            same = inner.form is family or pair == (TypeFamily.TEXT, TypeFamily.BLANK_PADDED)
            return replace(inner, form=family, type=cast.type) if same else None
        return _by_text(inner, family, cast.type)


_TEXTS: Final = {TypeFamily.TEXT, TypeFamily.BLANK_PADDED}


def _by_text(term: Term, family: TypeFamily, kind: int) -> Term | None:
    """A term cast by output and input: ids of one kind to text and back, never one kind of id to the other."""
    if term.form in _TEXTS and family in {TypeFamily.UUID, TypeFamily.NUMBER}:
        if term.origin not in {*_TEXTS, family}:
            return None
        return replace(term, form=family, type=kind)
    if family is TypeFamily.TEXT and (term.form is TypeFamily.UUID or term.type in INTEGERS):
        return replace(term, form=family, type=kind, folded=term.folded or term.origin is not term.form)
    if term.form is family is TypeFamily.TEXT:
        return replace(term, type=kind)
    return None


def equality(one: Term, other: Term, family: TypeFamily) -> Equality | None:
    """What follows from an equality of `family` that is TRUE; None when it says nothing of the places."""
    if one.form is not family or other.form is not family or one.value_ref == other.value_ref:
        return None
    origins = {one.origin, other.origin}
    if family is TypeFamily.TEXT:
        strength = EqualityStrength.FOLDED if one.folded or other.folded else EqualityStrength.EXACT
    elif origins == {family}:
        strength = EqualityStrength.EXACT
    else:
        strength = {
            TypeFamily.UUID: EqualityStrength.UUID,
            TypeFamily.NUMBER: EqualityStrength.NUMBER,
            TypeFamily.BLANK_PADDED: EqualityStrength.PADDED,
        }[family]
    return Equality(one.value_ref, other.value_ref, strength)


def family_of(operator: int) -> TypeFamily | None:
    """The family that an operator of PostgreSQL's own compares for equality."""
    found = EQUALS.get(operator)
    return found[0] if found else None
