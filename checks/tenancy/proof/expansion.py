"""How a condition comes about: what must hold of its parts for it to come to TRUE, FALSE or NULL."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Final

from checks.tenancy.proof.builtins import (
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
from checks.tenancy.proof.expressions import (
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

Signed = tuple[Expression, int]
Alternative = tuple[Signed, ...]
Resolve = Callable[[Expression], Expression]
_BOOLEAN_EQUALS, _BOOLEAN_DIFFERS = 91, 85
_BITS: Final = (TRUE, FALSE, NULL)
_TEXTS: Final = 1009  # text[]
_EQUALS_OF: Final = {2950: 2972, 25: 98, 1043: 98, 23: 96, 20: 410, 21: 94}


def expand(signed: Signed, resolve: Resolve) -> tuple[Alternative, ...] | None:
    """The ways in which an expression comes to what its mask says; none when it cannot, None when it has no parts.

    What is said is never more than what must be so: an alternative may leave conditions out.
    """
    expression, mask = signed
    match expression:
        case Logic(word="not"):
            return (((expression.arguments[0], _negated(mask)),),)
        case Logic(word="and"):
            return _all_of(expression.arguments, mask)
        case Logic():
            return _any_of(expression.arguments, mask)
        case Is():
            return (((expression.argument, _before(expression.mask, mask)),),)
        case IsNull():
            return _is_null(expression, mask)
        case Constant():
            return _constant(expression, mask)
        case Case():
            return _case(expression, lambda result: (result, mask))
        case Coalesce():
            return _coalesce(expression, mask)
        case Distinct():
            return _distinct(expression, mask)
        case Quantified():
            return _quantified(expression, mask)
        case Comparison():
            return _comparison(expression, mask)
        case Select():
            return _select(expression, mask)
        case Call():
            # A strict function gives NULL for NULL, whatever its body would.
            meant = expression if expression.arguments and mask & NULL else resolve(expression)
            return None if meant is expression else (((meant, mask),),)
        case _:
            return None


def _negated(mask: int) -> int:
    return (mask & NULL) | (TRUE if mask & FALSE else 0) | (FALSE if mask & TRUE else 0)


def _before(true_for: int, mask: int) -> int:
    """What an argument may come to, where a test of it that never gives NULL comes to `mask`."""
    return (true_for if mask & TRUE else 0) | (~true_for & (TRUE | FALSE | NULL) if mask & FALSE else 0)


def _any_of(parts: tuple[Expression, ...], mask: int) -> tuple[Alternative, ...]:
    negated = tuple(Logic("not", (part,)) for part in parts)
    return _all_of(negated, _negated(mask))


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


def _case(case: Case, use: Callable[[Expression], Signed]) -> tuple[Alternative, ...]:
    found, before = list[Alternative](), list[Signed]()
    for condition, result in case.whens:
        found.append((*before, (condition, TRUE), use(result)))
        before.append((condition, FALSE | NULL))
    return (*found, (*before, use(case.default)))


def _coalesce(coalesce: Coalesce, mask: int) -> tuple[Alternative, ...]:
    found, before = list[Alternative](), list[Signed]()
    for argument in coalesce.arguments:
        found.append((*before, (argument, mask & ~NULL)))
        before.append((argument, NULL))
    return (*found, tuple(before)) if mask & NULL else tuple(found)


def _is_null(test: IsNull, mask: int) -> tuple[Alternative, ...] | None:
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
            return _case(inner, lambda result: (IsNull(result), mask))
        case NullIf():
            one, other = inner.arguments
            same = Comparison(inner.operator, (one, other), inner.collation, BOOLEAN)
            return _any_of((IsNull(one), Is(same, TRUE)), mask)
        case _:
            return None


def _distinct(test: Distinct, mask: int) -> tuple[Alternative, ...]:
    one, other = test.arguments
    same = Comparison(test.operator, (one, other), test.collation, BOOLEAN)
    nothing, something = (IsNull(one), IsNull(other)), list[Alternative]()
    if mask & FALSE:
        something += [((same, TRUE),), ((nothing[0], TRUE), (nothing[1], TRUE))]
    if mask & TRUE:
        something.append(((same, FALSE),))
        something.append(((nothing[0], TRUE), (nothing[1], FALSE)))
        something.append(((nothing[0], FALSE), (nothing[1], TRUE)))
    return tuple(something)


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
    if test.operator in {_BOOLEAN_EQUALS, _BOOLEAN_DIFFERS}:
        return _of_booleans(test, mask)
    if test.operator in {ARRAY_EQUALS, OVERLAPS, CONTAINS, CONTAINED}:
        return _of_arrays(test, mask)
    for index, argument in enumerate(test.arguments):
        lifted = _lifted(argument, _into(test, index, mask)) if own else None
        if lifted is not None:
            return lifted
    return None


def _into(test: Comparison, at: int, mask: int) -> Callable[[Expression], Signed]:
    def use(value: Expression) -> Signed:
        arguments = (*test.arguments[:at], value, *test.arguments[at + 1 :])
        return Comparison(test.operator, arguments, test.collation, test.type), mask

    return use


def _lifted(argument: Expression, use: Callable[[Expression], Signed]) -> tuple[Alternative, ...] | None:
    """A value that is one of several, taken out of its casts: each with the condition under which it is the value."""
    match argument:
        case Cast():
            return _lifted(argument.argument, lambda value: use(Cast(argument.through, value, argument.type)))
        case Case():
            return _case(argument, use)
        case Coalesce():
            found, before = list[Alternative](), list[Signed]()
            for one in argument.arguments:
                found.append((*before, (IsNull(one), FALSE), use(one)))
                before.append((IsNull(one), TRUE))
            return (*found, (*before, use(Constant(argument.type, True, None))))  # noqa: FBT003  # SQL's NULL
        case Select(kind="value", query=query) if query.simple and len(query.targets) == 1:
            compared, mask = use(query.targets[0])
            if mask != TRUE:
                return None
            conditions: Alternative = tuple((condition, TRUE) for condition in query.conditions)
            return (((Select("present", None, query), TRUE), *conditions, (compared, TRUE)),)
        case _:
            return None


def _of_booleans(test: Comparison, mask: int) -> tuple[Alternative, ...]:
    one, other = test.arguments
    same = tuple(((one, bit), (other, bit)) for bit in (TRUE, FALSE))
    unlike = tuple(((one, bit), (other, _negated(bit))) for bit in (TRUE, FALSE))
    if test.operator == _BOOLEAN_DIFFERS:
        same, unlike = unlike, same
    nothing: tuple[Alternative, ...] = (((one, NULL),), ((other, NULL),))
    wanted = zip(_BITS, (same, unlike, nothing), strict=True)
    return tuple(chain.from_iterable(ways for bit, ways in wanted if mask & bit))


def _of_arrays(test: Comparison, mask: int) -> tuple[Alternative, ...] | None:
    """Arrays of columns and contexts, element by element; only what follows from TRUE is known here."""
    one, other = test.arguments
    if mask != TRUE or not isinstance(one, Items) or not isinstance(other, Items):
        return None
    pairs = tuple(tuple(_same(left, right, test.collation) for right in other.elements) for left in one.elements)
    if not pairs or not pairs[0] or any(same is None for row in pairs for same in row):
        return None
    known = tuple(tuple(same for same in row if same) for row in pairs)
    if test.operator == OVERLAPS:
        return tuple(((same, TRUE),) for row in known for same in row)
    if test.operator == CONTAINED:
        return (tuple((Logic("or", row), TRUE) for row in known),)
    if test.operator == CONTAINS:
        return (tuple((Logic("or", column), TRUE) for column in zip(*known, strict=True)),)
    if len(known) != len(known[0]):
        return ()
    return (tuple((_not_distinct(row[at]), TRUE) for at, row in enumerate(known)),)


def _same(left: Expression, right: Expression, collation: int) -> Comparison | None:
    operator = _EQUALS_OF.get(type_of(left))
    return Comparison(operator, (left, right), collation, BOOLEAN) if operator else None


def _not_distinct(same: Comparison) -> Expression:
    return Logic("not", (Distinct(same.operator, same.arguments, same.collation),))
