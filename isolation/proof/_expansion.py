"""Expands a condition: the alternatives for its parts that give it a required truth value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from isolation.inventory.builtin_oids import (
    ARRAY_EQUALS,
    BOOLEAN,
    CONTAINED,
    CONTAINS,
    FIRST_USER_OID,
    FOLDING_FUNCTIONS,
    NUMBER_CASTS,
    OVERLAPS,
    TEXT,
)
from isolation.proof._case_splitting import resolve_call, split_case, split_value
from isolation.proof._comparison_rules import (
    BOOLEAN_DIFFERS,
    BOOLEAN_EQUALS,
    Conjunction,
    SignedFormula,
    expand_array_comparison,
    expand_boolean_comparison,
    negate,
)
from isolation.proof._expressions import (
    FALSE,
    NULL,
    TRUE,
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Case,
    Coalesce,
    Comparison,
    Constant,
    Expression,
    FunctionCall,
    IsDistinctFrom,
    IsNull,
    NullIf,
    QuantifiedComparison,
    Resolve,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._row_instances import RowInstances
from isolation.proof._value_types import type_of

Expansion = tuple[Conjunction, ...] | None
"""The alternatives of a condition: empty if none is possible, None if the condition is a literal."""
_TEXTS: Final = 1009  # text[]


def expand(signed: SignedFormula, resolve: Resolve, instances: RowInstances) -> Expansion:  # noqa: C901, PLR0911, PLR0912  # one case per shape
    """The alternatives in which an expression has one of its truth values; none if impossible, None for a literal.

    An alternative contains only necessary conditions, and may omit some.
    """
    expression, truth_values = signed
    match expression:
        case BoolExpr(connective="not"):
            return (((expression.arguments[0], negate(truth_values)),),)
        case BoolExpr(connective="and"):
            return _all_of(expression.arguments, truth_values)
        case BoolExpr():
            return _any_of(expression.arguments, truth_values)
        case BooleanTest():
            return (((expression.argument, _argument_values(expression.truth_values, truth_values)),),)
        case IsNull():
            inner = resolve_call(expression.argument, resolve, strict=truth_values == FALSE)
            return _is_null(IsNull(inner), truth_values, instances)
        case Constant():
            return _constant(expression, truth_values)
        case Case():
            return split_case(expression, lambda result: (result, truth_values))
        case Coalesce():
            return _coalesce(expression, truth_values)
        case IsDistinctFrom():
            return _distinct(expression, truth_values)
        case QuantifiedComparison():
            return _quantified(expression, truth_values, resolve, instances)
        case Comparison():
            strict = expression.operator < FIRST_USER_OID and not truth_values & NULL
            sides = tuple(resolve_call(argument, resolve, strict=strict) for argument in expression.arguments)
            return _comparison(
                Comparison(expression.operator, sides, expression.collation, expression.type), truth_values, instances
            )
        case SubqueryExpr():
            return _select(expression, truth_values, instances)
        case FunctionCall():
            # A strict function returns NULL for a NULL argument, whatever its body returns.
            body = expression if expression.arguments and truth_values & NULL else resolve(expression)
            return None if body is expression else (((body, truth_values),),)
        case _:
            return None


def _argument_values(true_for: int, truth_values: int) -> int:
    """The truth values of an argument for which a test, TRUE for `true_for` and never NULL, has `truth_values`."""
    return (true_for if truth_values & TRUE else 0) | (~true_for & (TRUE | FALSE | NULL) if truth_values & FALSE else 0)


def _any_of(parts: tuple[Expression, ...], truth_values: int) -> tuple[Conjunction, ...]:
    return _all_of(tuple(BoolExpr("not", (part,)) for part in parts), negate(truth_values))


def _all_of(parts: tuple[Expression, ...], truth_values: int) -> tuple[Conjunction, ...]:
    if truth_values in {TRUE, TRUE | NULL}:
        return (tuple((part, truth_values) for part in parts),)
    if truth_values in {FALSE, FALSE | NULL}:
        return tuple(((part, truth_values),) for part in parts)
    if truth_values == NULL:
        return tuple(tuple((part, NULL if part is chosen else TRUE | NULL) for part in parts) for chosen in parts)
    return (*_all_of(parts, TRUE), *_all_of(parts, FALSE))


def _constant(constant: Constant, truth_values: int) -> tuple[Conjunction, ...] | None:
    if constant.null:
        return ((),) if truth_values & NULL else ()
    if constant.type != BOOLEAN or not constant.value:
        return None
    return ((),) if truth_values & (TRUE if constant.value[0] else FALSE) else ()


def _coalesce(coalesce: Coalesce, truth_values: int) -> tuple[Conjunction, ...]:
    alternatives, before = list[Conjunction](), list[SignedFormula]()
    for argument in coalesce.arguments:
        alternatives.append((*before, (argument, truth_values & ~NULL)))
        before.append((argument, NULL))
    return (*alternatives, tuple(before)) if truth_values & NULL else tuple(alternatives)


def _is_null(  # noqa: PLR0911  # one case per shape
    test: IsNull, truth_values: int, instances: RowInstances
) -> tuple[Conjunction, ...] | None:
    """IS NULL, passed on through conversions that return NULL only for NULL."""
    inner = test.argument
    if type_of(inner) == BOOLEAN:
        return (((inner, _argument_values(NULL, truth_values)),),)
    match inner:
        case Constant():
            return ((),) if truth_values & (TRUE if inner.null else FALSE) else ()
        case TypeCast():
            return (((IsNull(inner.argument), truth_values),),)
        case FunctionCall(function=function) if function in FOLDING_FUNCTIONS or function in NUMBER_CASTS:
            return (((IsNull(inner.arguments[0]), truth_values),),)
        case Coalesce():
            return _all_of(tuple(IsNull(argument) for argument in inner.arguments), truth_values)
        case Case():
            return split_case(inner, lambda result: (IsNull(result), truth_values))
        case NullIf():
            one, other = inner.arguments
            same = Comparison(inner.operator, (one, other), inner.collation, BOOLEAN)
            return _any_of((IsNull(one), BooleanTest(same, TRUE)), truth_values)
        case SubqueryExpr(kind="value") if (
            truth_values == FALSE and inner.query.simple and len(inner.query.targets) == 1
        ):
            return tuple(_with_a_row(one, not_null=True) for one in instances.of(inner))
        case _:
            return None


def _distinct(test: IsDistinctFrom, truth_values: int) -> tuple[Conjunction, ...]:
    one, other = test.arguments
    same = Comparison(test.operator, (one, other), test.collation, BOOLEAN)
    nulls, alternatives = (IsNull(one), IsNull(other)), list[Conjunction]()
    if truth_values & FALSE:
        alternatives += [((same, TRUE),), ((nulls[0], TRUE), (nulls[1], TRUE))]
    if truth_values & TRUE:
        alternatives.append(((same, FALSE),))
        alternatives.append(((nulls[0], TRUE), (nulls[1], FALSE)))
        alternatives.append(((nulls[0], FALSE), (nulls[1], TRUE)))
    return tuple(alternatives)


def _quantified(
    test: QuantifiedComparison, truth_values: int, resolve: Resolve, instances: RowInstances
) -> tuple[Conjunction, ...] | None:
    """`x = ANY (ARRAY[a, b])` as `x = a OR x = b`; with ARRAY(SELECT ...) as with the sub-select itself."""
    right = resolve(test.right) if isinstance(test.right, FunctionCall) else test.right
    if isinstance(right, TypeCast) and right.type == _TEXTS and isinstance(right.argument, ArrayExpr):
        right = ArrayExpr(tuple(TypeCast("relabel", element, TEXT) for element in right.argument.elements))
    if isinstance(right, ArrayExpr):
        each = tuple(
            Comparison(test.operator, (test.left, element), test.collation, BOOLEAN) for element in right.elements
        )
        return _all_of(each, truth_values) if test.is_all else _any_of(each, truth_values)
    if isinstance(right, SubqueryExpr) and right.kind == "array" and right.query.targets:
        compared = Comparison(test.operator, (test.left, right.query.targets[0]), test.collation, BOOLEAN)
        return _select(SubqueryExpr("all" if test.is_all else "any", compared, right.query), truth_values, instances)
    if isinstance(right, Constant) and right.null:
        return ((),) if truth_values & NULL else ()
    return None


def _select(select: SubqueryExpr, truth_values: int, instances: RowInstances) -> tuple[Conjunction, ...] | None:
    """A sub-select that is TRUE because of a row: the row exists and meets the conditions. Otherwise a literal."""
    if select.kind == "exists":
        truth_values &= TRUE | FALSE
        if truth_values in {0, TRUE | FALSE}:
            return ((),) if truth_values else ()
    if truth_values != TRUE or not select.query.simple or select.kind not in {"exists", "any", "value"}:
        return None
    if select.kind == "value" and len(select.query.targets) != 1:
        return None
    return tuple(_with_a_row(one) for one in instances.of(select))


def _with_a_row(select: SubqueryExpr, *, not_null: bool = False) -> Conjunction:
    """That a sub-select returns a row for which it is TRUE, or whose value is not NULL."""
    query = select.query
    conditions: Conjunction = tuple((condition, TRUE) for condition in query.conditions)
    test = query.targets[0] if select.kind == "value" else select.test
    if not_null:
        test = BoolExpr("not", (IsNull(query.targets[0]),))
    return ((SubqueryExpr("present", None, query), TRUE), *conditions, *(() if test is None else ((test, TRUE),)))


def _comparison(test: Comparison, truth_values: int, instances: RowInstances) -> tuple[Conjunction, ...] | None:
    own = test.operator < FIRST_USER_OID  # all built-in operators that return a truth value are strict
    if own and any(isinstance(argument, Constant) and argument.null for argument in test.arguments):
        return ((),) if truth_values & NULL else ()
    if len(test.arguments) == 1:
        return None
    if test.operator in {BOOLEAN_EQUALS, BOOLEAN_DIFFERS}:
        return expand_boolean_comparison(test, truth_values)
    if test.operator in {ARRAY_EQUALS, OVERLAPS, CONTAINS, CONTAINED}:
        return expand_array_comparison(test, truth_values)
    for index, argument in enumerate(test.arguments):
        ways = split_value(argument, _into(test, index, truth_values), instances) if own else None
        if ways is not None:
            return ways
    return None


def _into(test: Comparison, at: int, truth_values: int) -> Callable[[Expression], SignedFormula]:
    def use(value: Expression) -> SignedFormula:
        arguments = (*test.arguments[:at], value, *test.arguments[at + 1 :])
        return Comparison(test.operator, arguments, test.collation, test.type), truth_values

    return use
