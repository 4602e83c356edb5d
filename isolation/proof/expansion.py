"""How a condition comes about: what must hold of its parts for it to come to TRUE, FALSE or NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from isolation.inventory.builtins import (
    ARRAY_EQUALS,
    BOOLEAN,
    CONTAINED,
    CONTAINS,
    FIRST_USER_OID,
    FOLDS,
    NUMBER_CASTS,
    OVERLAPS,
    TEXT,
)
from isolation.proof.expressions import (
    FALSE,
    NULL,
    TRUE,
    Call,
    Case,
    Cast,
    Coalesce,
    Comparison,
    Constant,
    Distinct,
    Expression,
    Is,
    IsNull,
    Items,
    Logic,
    NullIf,
    Quantified,
    Select,
    type_of,
)
from isolation.proof.lifting import Resolve, cases, lifted, meant
from isolation.proof.pairings import (
    BOOLEAN_DIFFERS,
    BOOLEAN_EQUALS,
    Alternative,
    Signed,
    negated,
    of_arrays,
    of_booleans,
)

Ways = tuple[Alternative, ...] | None
_TEXTS: Final = 1009  # text[]


def expand(signed: Signed, resolve: Resolve) -> Ways:  # noqa: C901, PLR0911, PLR0912  # one case per shape
    """The ways in which an expression comes to what its mask says; none when it cannot, None when it has no parts.

    An alternative never says more than what must be so; it may leave conditions out.
    """
    expression, mask = signed
    match expression:
        case Logic(word="not"):
            return (((expression.arguments[0], negated(mask)),),)
        case Logic(word="and"):
            return _all_of(expression.arguments, mask)
        case Logic():
            return _any_of(expression.arguments, mask)
        case Is():
            return (((expression.argument, _before(expression.mask, mask)),),)
        case IsNull():
            return _is_null(IsNull(meant(expression.argument, resolve)), mask)
        case Constant():
            return _constant(expression, mask)
        case Case():
            return cases(expression, lambda result: (result, mask))
        case Coalesce():
            return _coalesce(expression, mask)
        case Distinct():
            return _distinct(expression, mask)
        case Quantified():
            return _quantified(expression, mask)
        case Comparison():
            sides = tuple(meant(argument, resolve) for argument in expression.arguments)
            return _comparison(Comparison(expression.operator, sides, expression.collation, expression.type), mask)
        case Select():
            return _select(expression, mask)
        case Call():
            # A strict function gives NULL for NULL, whatever its body would.
            body = expression if expression.arguments and mask & NULL else resolve(expression)
            return None if body is expression else (((body, mask),),)
        case _:
            return None


def _before(true_for: int, mask: int) -> int:
    """What an argument may come to, where a test of it that never gives NULL comes to `mask`."""
    return (true_for if mask & TRUE else 0) | (~true_for & (TRUE | FALSE | NULL) if mask & FALSE else 0)


def _any_of(parts: tuple[Expression, ...], mask: int) -> tuple[Alternative, ...]:
    return _all_of(tuple(Logic("not", (part,)) for part in parts), negated(mask))


def _all_of(parts: tuple[Expression, ...], mask: int) -> tuple[Alternative, ...]:
    if mask in {TRUE, TRUE | NULL}:
        return (tuple((part, mask) for part in parts),)
    if mask in {FALSE, FALSE | NULL}:
        return tuple(((part, mask),) for part in parts)
    if mask == NULL:
        return tuple(tuple((part, NULL if part is chosen else TRUE | NULL) for part in parts) for chosen in parts)
    return (*_all_of(parts, TRUE), *_all_of(parts, FALSE))


def _constant(constant: Constant, mask: int) -> tuple[Alternative, ...] | None:
    if constant.null:
        return ((),) if mask & NULL else ()
    if constant.type != BOOLEAN or not constant.value:
        return None
    return ((),) if mask & (TRUE if constant.value[0] else FALSE) else ()


def _coalesce(coalesce: Coalesce, mask: int) -> tuple[Alternative, ...]:
    found, before = list[Alternative](), list[Signed]()
    for argument in coalesce.arguments:
        found.append((*before, (argument, mask & ~NULL)))
        before.append((argument, NULL))
    return (*found, tuple(before)) if mask & NULL else tuple(found)


def _is_null(test: IsNull, mask: int) -> tuple[Alternative, ...] | None:  # noqa: PLR0911  # one case per shape
    """Through everything that gives NULL for NULL alone; a test of what is true or false asks for it to be NULL."""
    inner = test.argument
    if type_of(inner) == BOOLEAN:
        return (((inner, _before(NULL, mask)),),)
    match inner:
        case Constant():
            return ((),) if mask & (TRUE if inner.null else FALSE) else ()
        case Cast():
            return (((IsNull(inner.argument), mask),),)
        case Call(function=function) if function in FOLDS or function in NUMBER_CASTS:
            return (((IsNull(inner.arguments[0]), mask),),)
        case Coalesce():
            return _all_of(tuple(IsNull(argument) for argument in inner.arguments), mask)
        case Case():
            return cases(inner, lambda result: (IsNull(result), mask))
        case NullIf():
            one, other = inner.arguments
            same = Comparison(inner.operator, (one, other), inner.collation, BOOLEAN)
            return _any_of((IsNull(one), Is(same, TRUE)), mask)
        case _:
            return None


def _distinct(test: Distinct, mask: int) -> tuple[Alternative, ...]:
    one, other = test.arguments
    same = Comparison(test.operator, (one, other), test.collation, BOOLEAN)
    nothing, found = (IsNull(one), IsNull(other)), list[Alternative]()
    if mask & FALSE:
        found += [((same, TRUE),), ((nothing[0], TRUE), (nothing[1], TRUE))]
    if mask & TRUE:
        found.append(((same, FALSE),))
        found.append(((nothing[0], TRUE), (nothing[1], FALSE)))
        found.append(((nothing[0], FALSE), (nothing[1], TRUE)))
    return tuple(found)


def _quantified(test: Quantified, mask: int) -> tuple[Alternative, ...] | None:
    """`x = ANY (ARRAY[a, b])` as `x = a OR x = b`; over ARRAY(SELECT ...) as over the sub-select."""
    right = test.right
    if isinstance(right, Cast) and right.type == _TEXTS and isinstance(right.argument, Items):
        right = Items(tuple(Cast("relabel", element, TEXT) for element in right.argument.elements))
    if isinstance(right, Items):
        each = tuple(
            Comparison(test.operator, (test.left, element), test.collation, BOOLEAN) for element in right.elements
        )
        return _all_of(each, mask) if test.every else _any_of(each, mask)
    if isinstance(right, Select) and right.kind == "array" and right.query.targets:
        compared = Comparison(test.operator, (test.left, right.query.targets[0]), test.collation, BOOLEAN)
        return _select(Select("all" if test.every else "any", compared, right.query), mask)
    if isinstance(right, Constant) and right.null:
        return ((),) if mask & NULL else ()
    return None


def _select(select: Select, mask: int) -> tuple[Alternative, ...] | None:
    """What is TRUE because of a row is so of that row; nothing is known of a row that is not there."""
    query = select.query
    if select.kind == "exists":
        mask &= TRUE | FALSE
        if mask in {0, TRUE | FALSE}:
            return ((),) if mask else ()
    if mask != TRUE or not query.simple or select.kind not in {"exists", "any", "value"}:
        return None
    present: Alternative = ((Select("present", None, query), TRUE),)
    conditions: Alternative = tuple((condition, TRUE) for condition in query.conditions)
    if select.kind == "value":
        return ((*present, *conditions, (query.targets[0], TRUE)),) if len(query.targets) == 1 else None
    test: Alternative = () if select.test is None else ((select.test, TRUE),)
    return ((*present, *conditions, *test),)


def _comparison(test: Comparison, mask: int) -> tuple[Alternative, ...] | None:
    own = test.operator < FIRST_USER_OID  # and then it gives NULL for NULL
    if own and any(isinstance(argument, Constant) and argument.null for argument in test.arguments):
        return ((),) if mask & NULL else ()
    if len(test.arguments) == 1:
        return None
    if test.operator in {BOOLEAN_EQUALS, BOOLEAN_DIFFERS}:
        return of_booleans(test, mask)
    if test.operator in {ARRAY_EQUALS, OVERLAPS, CONTAINS, CONTAINED}:
        return of_arrays(test, mask)
    for index, argument in enumerate(test.arguments):
        ways = lifted(argument, _into(test, index, mask)) if own else None
        if ways is not None:
            return ways
    return None


def _into(test: Comparison, at: int, mask: int) -> Callable[[Expression], Signed]:
    def use(value: Expression) -> Signed:
        arguments = (*test.arguments[:at], value, *test.arguments[at + 1 :])
        return Comparison(test.operator, arguments, test.collation, test.type), mask

    return use
