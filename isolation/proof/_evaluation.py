"""Evaluates a condition for one candidate row and one context, as far as it can be determined."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from isolation.inventory.builtin_oids import (
    BOOLEAN,
    CURRENT_SETTING,
    EQUALS,
    FOLDING_FUNCTIONS,
    GREATER_OR_EQUAL,
    INTEGERS,
    LESS_OR_EQUAL,
    LIKE,
    NAME,
    NOT_EQUALS,
    NOT_LIKE,
    NUMBER_CASTS,
    TYPES,
    TypeFamily,
)
from isolation.proof._expressions import (
    FALSE,
    NULL,
    TRUE,
    Coalesce,
    ColumnRef,
    Comparison,
    Constant,
    ContextValue,
    Expression,
    FunctionCall,
    IsNull,
    NullIf,
    SqlValueFunction,
    TypeCast,
)
from isolation.proof._terms import TermNormalizer, setting_of

Datum = str | int | bool | None


class Undetermined(Exception):
    """The value of the expression cannot be determined."""


class EvaluationError(Exception):
    """PostgreSQL raises an error for the expression, so that no row is visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """A row: its column values by number, the context by part (None: never set), other settings, and the role."""

    normalizer: TermNormalizer
    column_values: Mapping[int, Datum]
    context: tuple[str | None, ...]
    role: str
    principal: str
    settings: Mapping[str, str]

    def truth_value(self, expression: Expression) -> int:
        """TRUE, FALSE or NULL. Raises: Undetermined, EvaluationError."""
        value = self.evaluate(expression)
        if value is not None and not isinstance(value, bool):
            raise Undetermined
        return NULL if value is None else TRUE if value else FALSE

    def evaluate(self, expression: Expression) -> Datum:  # noqa: C901, PLR0911, PLR0912  # one case per shape
        """The value of an expression; a uuid as text. Raises: Undetermined, EvaluationError."""
        match expression:
            case ColumnRef(row=0, number=number) if number in self.column_values:
                return self.column_values[number]
            case Constant():
                return _constant(expression)
            case FunctionCall():
                return self._call(expression)
            case TypeCast(cast_method="relabel" | "text"):
                return _cast(self.evaluate(expression.argument), expression)
            case NullIf():
                one = self.evaluate(expression.arguments[0])
                return None if one is not None and one == self.evaluate(expression.arguments[1]) else one
            case Coalesce():
                for argument in expression.arguments:
                    found = self.evaluate(argument)
                    if found is not None:
                        return found
                return None
            case IsNull():
                return self.evaluate(expression.argument) is None
            case Comparison():
                return self._comparison(expression)
            case ContextValue(index=index):
                known = self.context[index]
                if known is None:
                    raise Undetermined  # what an approved function does without a context is unknown
                return _cast(known, TypeCast("text", expression, expression.type))
            case SqlValueFunction(number=9 | 10 | 11):  # CURRENT_ROLE, CURRENT_USER, USER
                return self.role
            case SqlValueFunction(number=12):
                return self.principal
            case _:
                raise Undetermined

    def _call(self, call: FunctionCall) -> Datum:
        index = self.normalizer.context_index(call)
        if index is not None:
            found = self.context[index]
            if found is None and call.function == CURRENT_SETTING:
                raise EvaluationError
            return found
        name = setting_of(call)
        if name is not None and (name.text or "").lower() in self.settings:
            return self.settings[(name.text or "").lower()]
        resolved = self.normalizer.resolve(call)
        if resolved is not call and not call.arguments:
            return self.evaluate(resolved)
        if call.function not in FOLDING_FUNCTIONS and call.function not in NUMBER_CASTS and call.function not in _CALLS:
            raise Undetermined
        arguments = [self.evaluate(argument) for argument in call.arguments]
        if any(argument is None for argument in arguments):
            return None
        if call.function in NUMBER_CASTS:
            return arguments[0]
        try:
            return _CALLS[call.function](*arguments)
        except TypeError:  # the tree has another number of arguments than the function
            raise Undetermined from None

    def _comparison(self, test: Comparison) -> Datum:
        compare = _COMPARED.get(test.operator)
        if compare is None or len(test.arguments) != 2:  # noqa: PLR2004  # both sides
            raise Undetermined
        one, other = (self.evaluate(argument) for argument in test.arguments)
        if one is None or other is None:
            return None
        if type(one) is not type(other):
            raise Undetermined
        return compare(one, other)


def _constant(constant: Constant) -> Datum:
    if constant.null:
        return None
    if constant.value is None:
        raise Undetermined
    if constant.type == BOOLEAN:
        return bool(constant.value[0])
    if constant.type in INTEGERS:
        size = {21: 2, 23: 4, 20: 8}[constant.type]
        return int.from_bytes(constant.value[:size], "little", signed=True)
    if TYPES.get(constant.type) is TypeFamily.TEXT or constant.type == NAME:
        return constant.text
    if TYPES.get(constant.type) is TypeFamily.UUID:
        return str(UUID(bytes=constant.value[:16]))
    raise Undetermined


def _cast(value: Datum, cast: TypeCast) -> Datum:
    family = TYPES.get(cast.type)
    if family is None or family in {TypeFamily.BOOLEAN, TypeFamily.BLANK_PADDED} or isinstance(value, bool):
        raise Undetermined
    if value is None:
        return None
    try:
        if family is TypeFamily.UUID:
            return str(UUID(str(value)))
        return int(value) if family is TypeFamily.NUMBER else str(value)
    except ValueError:
        raise EvaluationError from None


def _like(text: Datum, pattern: Datum) -> bool:
    if "\\" in str(pattern):
        raise Undetermined
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in str(pattern))
    return re.fullmatch("".join(parts), str(text), re.DOTALL) is not None


def _ordered(compare: Callable[[Datum, Datum], bool]) -> Callable[[Datum, Datum], bool]:
    """A comparison of the order of numbers; the order of texts depends on the collation."""

    def ordered(one: Datum, other: Datum) -> bool:
        if isinstance(one, int) and isinstance(other, int):
            return compare(one, other)
        raise Undetermined

    return ordered


def _left(text: Datum, length: Datum) -> str:
    if not isinstance(length, int) or length < 0:
        raise Undetermined
    return str(text)[:length]


def _part(text: Datum, start: Datum, length: Datum = 1 << 30) -> str:
    if not isinstance(start, int) or not isinstance(length, int) or start < 1 or length < 0:
        raise Undetermined
    return str(text)[start - 1 :][:length]


_CALLS: Final[Mapping[int, Callable[..., Datum]]] = {
    870: lambda text: str(text).lower(),
    871: lambda text: str(text).upper(),
    885: lambda text: str(text).strip(" "),
    881: lambda text: str(text).lstrip(" "),
    882: lambda text: str(text).rstrip(" "),
    3060: _left,
    877: _part,
    883: _part,
    936: _part,
    937: _part,
    1317: lambda text: len(str(text)),
    1381: lambda text: len(str(text)),
    3696: lambda text, beginning: str(text).startswith(str(beginning)),
}
_NAMES_EQUAL, _NAMES_DIFFER = (93, 254, 260), (643, 259, 265)
_LESS, _MORE = (37, 95, 97, 412, 418, 534, 535, 1864, 1870), (76, 413, 419, 520, 521, 536, 537, 1865, 1871)
_UUID_ORDER: Final[Mapping[int, Callable[[Datum, Datum], bool]]] = {
    2974: lambda one, other: str(one) < str(other),
    2975: lambda one, other: str(one) > str(other),
    2976: lambda one, other: str(one) <= str(other),
    2977: lambda one, other: str(one) >= str(other),
}
_COMPARED: Final[Mapping[int, Callable[[Datum, Datum], bool]]] = {
    **dict.fromkeys((*EQUALS, *_NAMES_EQUAL), lambda one, other: one == other),
    **dict.fromkeys((*NOT_EQUALS, *_NAMES_DIFFER), lambda one, other: one != other),
    **dict.fromkeys(LESS_OR_EQUAL, _ordered(lambda one, other: int(one or 0) <= int(other or 0))),
    **dict.fromkeys(GREATER_OR_EQUAL, _ordered(lambda one, other: int(one or 0) >= int(other or 0))),
    **dict.fromkeys(_LESS, _ordered(lambda one, other: int(one or 0) < int(other or 0))),
    **dict.fromkeys(_MORE, _ordered(lambda one, other: int(one or 0) > int(other or 0))),
    **_UUID_ORDER,
    LIKE: _like,
    NOT_LIKE: lambda one, other: not _like(one, other),
    3877: lambda one, other: str(one).startswith(str(other)),
}
