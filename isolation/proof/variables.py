"""What a condition depends on besides the tenant: columns, settings, the clock and chance, each free to be anything."""

from __future__ import annotations

from collections.abc import Iterator

from isolation.inventory.builtins import CURRENT_SETTING, FIRST_USER_OID, FOLDS, NOW, NUMBER_CASTS, RANDOM, UNSAFE
from isolation.proof.evaluation import Unsure
from isolation.proof.expressions import (
    OWN_ROW,
    Call,
    Cast,
    Coalesce,
    Column,
    Constant,
    Context,
    Expression,
    NullIf,
    Opaque,
    Select,
    Session,
    parts,
)
from isolation.proof.scene import Scene
from isolation.proof.terms import setting_of

Variable = tuple[str, int, int | str]
"""("key" or "column", row, column), ("context", part, 0), ("setting", 0, name), ("now" or "random", 0, 0)."""
_CLOCK = frozenset(range(9))  # CURRENT_DATE to LOCALTIMESTAMP(n) among the Session values
# PostgreSQL's own functions that ask who somebody is, or what is in a table that is not shown.
_ASKS = range(2705, 2711)


def variables(expression: Expression, scene: Scene, keys: frozenset[int]) -> Iterator[Variable]:
    """What an expression depends on, each as often as it stands there. Raises: Unsure."""
    found = variable(expression, scene, keys)
    if found is not None:
        yield found
        return
    if isinstance(expression, Opaque | Select | Context):
        raise Unsure
    if isinstance(expression, Call) and not expression.arguments:
        meant = scene.terms.resolve(expression)
        if meant is not expression:
            yield from variables(meant, scene, keys)
            return
    if isinstance(expression, Call) and (
        expression.function >= FIRST_USER_OID or expression.function in UNSAFE or expression.function in _ASKS
    ):
        raise Unsure
    for part in parts(expression):
        yield from variables(part, scene, keys)


def variable(  # noqa: PLR0911  # one case per shape
    expression: Expression, scene: Scene, keys: frozenset[int]
) -> Variable | None:
    """The variable that an expression is, without anything done to it. Raises: Unsure."""
    match expression:
        case Column(row=row, number=number):
            kind = "key" if row == OWN_ROW and number in keys else "column"
            return kind, row, number
        case Call():
            index = scene.terms.context(expression)
            if index is not None:
                return "context", index, 0
            name = setting_of(expression)
            if name is not None:
                if name.text is None or "." not in name.text:
                    raise Unsure  # a setting of PostgreSQL's own, which may not be anybody's to set
                return "setting", 0, name.text.lower()
            if expression.function in NOW:
                return "now", 0, 0
            return ("random", 0, 0) if expression.function == RANDOM else None
        case Session(number=number) if number in _CLOCK:
            return "now", 0, 0
        case _:
            return None


def bare(expression: Expression, scene: Scene, keys: frozenset[int]) -> tuple[Variable, bool] | None:
    """The variable that an expression follows, cast or not, and whether it may be NULL; None for anything else."""
    match expression:
        case NullIf(arguments=(_, other)) if not isinstance(other, Constant):
            return None
        case Cast() | NullIf() | Coalesce():
            inner = bare(parts(expression)[0], scene, keys)
            return inner and (inner[0], (inner[1] or isinstance(expression, NullIf)) and not _coalesced(expression))
        case Call(function=function) if function in FOLDS or function in NUMBER_CASTS:
            return bare(expression.arguments[0], scene, keys)
        case _:
            found = variable(expression, scene, keys)
            return found and (found, _may_be_null(found, expression, scene))


def _coalesced(expression: Expression) -> bool:
    return isinstance(expression, Coalesce)


def _may_be_null(found: Variable, expression: Expression, scene: Scene) -> bool:
    if found[0] == "setting":
        return isinstance(expression, Call) and expression.function != CURRENT_SETTING
    if found[0] == "column" and found[1] == OWN_ROW:
        column = next((c for c in scene.relation.columns if c.number == found[2]), None)
        return column is not None and not column.not_null
    return False
