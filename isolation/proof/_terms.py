"""Terms: a column or a context setting inside a comparison, with the casts and functions applied to it."""

from __future__ import annotations

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
from isolation.proof._expressions import (
    ColumnRef,
    Constant,
    ContextValue,
    Expression,
    FunctionCall,
    NullIf,
    Resolve,
    TypeCast,
)

ValueRef = tuple[str, int, int]
"""The source of a value: ("column", row, number) or ("context", part of the key, 0)."""


class EqualityStrength(StrEnum):
    """How two values are equal: the same canonical text (EXACT), or equal only after a conversion."""

    EXACT = "exact"
    UUID = "uuid"
    NUMBER = "number"
    FOLDED = "folded"
    PADDED = "padded"


@dataclass(frozen=True, slots=True)
class Term:
    """A value as it is compared: cast from `origin` to `form` and `type`; `folded` if its text was changed.

    Every cast is either injective on ids, or recorded here. A cast may give NULL, and no equality holds for NULL.
    """

    value_ref: ValueRef
    origin: TypeFamily
    form: TypeFamily
    type: int
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Equality:
    """Two value references that hold the same id, with the strength of the comparison."""

    one: ValueRef
    other: ValueRef
    strength: EqualityStrength


def setting_of(expression: Expression) -> Constant | None:
    """The argument of current_setting(), if it is a constant."""
    if isinstance(expression, FunctionCall) and expression.function in {CURRENT_SETTING, CURRENT_SETTING_OR_NULL}:
        name = expression.arguments[0] if expression.arguments else None
        return name if isinstance(name, Constant) else None
    return None


def may_be_null(setting: FunctionCall) -> bool:
    """Whether current_setting() gives NULL, and no error, for a setting that was never set."""
    if setting.function == CURRENT_SETTING:
        return False
    flag = setting.arguments[1] if len(setting.arguments) > 1 else None
    return not (isinstance(flag, Constant) and flag.type == BOOLEAN and flag.value is not None and not flag.value[0])


class TermNormalizer:
    """Normalizes expressions to terms; `settings` are the names of the context settings, in the order of the key.

    `aliases` are further settings that hold the same id as the first one, or nothing.
    """

    def __init__(self, settings: tuple[str, ...], resolve: Resolve, aliases: tuple[str, ...] = ()) -> None:
        self._parts = {name.lower(): part for part, name in enumerate(settings)}
        self._parts.update((name.lower(), 0) for name in aliases)
        self.resolve = resolve

    def context_index(self, expression: Expression) -> int | None:
        """The part of the context that a current_setting() call reads; None for any other expression."""
        name = setting_of(expression)
        text = None if name is None else name.text
        return None if text is None else self._parts.get(text.lower())

    def is_fixed(self, expression: Expression) -> bool:
        """Whether an expression is a term with the same value each time, as far as its parts show.

        A redacted constant looks equal to another, and a volatile function gives another value each time.
        """
        return self.normalize(expression) is not None and self._has_fixed_parts(expression)

    def _has_fixed_parts(self, expression: Expression) -> bool:
        match expression:
            case Constant():
                return expression.null or expression.value is not None
            case TypeCast():
                return self._has_fixed_parts(expression.argument)
            case FunctionCall() if expression.function >= FIRST_USER_OID:
                resolved = self.resolve(expression)
                return resolved is not expression and self._has_fixed_parts(resolved)
            case FunctionCall() | NullIf() if self.context_index(expression) is None:
                return all(self._has_fixed_parts(argument) for argument in expression.arguments)
            case _:
                return isinstance(expression, ColumnRef | ContextValue | FunctionCall)

    def normalize(self, expression: Expression) -> Term | None:  # noqa: PLR0911  # one case per shape
        """The term of an expression; None without a column or context setting, or after an unknown conversion."""
        match expression:
            case ColumnRef():
                family = TYPES.get(expression.type)
                if family is None or family is TypeFamily.BOOLEAN:
                    return None
                return Term(("column", expression.row, expression.number), family, family, expression.type)
            case ContextValue():
                family = TYPES.get(expression.type)
                value_ref = ("context", expression.index, 0)
                return Term(value_ref, TypeFamily.TEXT, family, expression.type) if family else None
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
            resolved = self.resolve(call)
            return None if resolved is call else self.normalize(resolved)
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


def _by_text(term: Term, family: TypeFamily, type_oid: int) -> Term | None:
    """A term cast by text output and input: between one type of id and text, never between two types of ids."""
    if term.form in _TEXTS and family in {TypeFamily.UUID, TypeFamily.NUMBER}:
        if term.origin not in {*_TEXTS, family}:
            return None
        return replace(term, form=family, type=type_oid)
    if family is TypeFamily.TEXT and (term.form is TypeFamily.UUID or term.type in INTEGERS):
        return replace(term, form=family, type=type_oid, folded=term.folded or term.origin is not term.form)
    if term.form is family is TypeFamily.TEXT:
        return replace(term, type=type_oid)
    return None


def equality(one: Term, other: Term, family: TypeFamily) -> Equality | None:
    """The equality of two terms that follows when a comparison of `family` is TRUE; None if none follows."""
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
    """The type family that a built-in operator compares for equality; None for any other operator."""
    found = EQUALS.get(operator)
    return found[0] if found else None
