"""Conditions as a person reads them, without any constant in them."""

from __future__ import annotations

from isolation.inventory.builtins import AT_LEAST, AT_MOST, CURRENT_SETTING_OR_NULL, DIFFERS, EQUALS, LIKE, NOW, RANDOM
from isolation.inventory.naming import quoted
from isolation.proof.expressions import (
    FALSE,
    NULL,
    OWN_ROW,
    TRUE,
    Call,
    Cast,
    Coalesce,
    Column,
    Comparison,
    Constant,
    Context,
    Expression,
    IsNull,
    Logic,
    NullIf,
    Quantified,
    Select,
    Session,
)
from isolation.proof.scene import Scene
from isolation.proof.terms import setting_of

_MASKS = {
    TRUE: "",
    FALSE: " is false",
    NULL: " is NULL",
    TRUE | NULL: " is not false",
    FALSE | NULL: " is not true",
    TRUE | FALSE: " is not NULL",
}
_SIGNS = {
    **dict.fromkeys(EQUALS, "="),
    **dict.fromkeys(DIFFERS, "<>"),
    **dict.fromkeys(AT_MOST, "<="),
    **dict.fromkeys(AT_LEAST, ">="),
    LIKE: "LIKE",
}


def render(expression: Expression, mask: int, scene: Scene) -> str:
    """A condition and what it comes to."""
    if isinstance(expression, IsNull) and mask == FALSE:
        return f"{say(expression.argument, scene)} IS NOT NULL"
    return say(expression, scene) + _MASKS.get(mask, "")


def say(expression: Expression, scene: Scene) -> str:  # noqa: PLR0911  # one case per shape
    """An expression, without its casts."""
    match expression:
        case Column(row=row, number=number):
            found = scene.column(scene.relation.oid, number) if row == OWN_ROW else None
            return quoted(found.name) if found else "another row's column"
        case Constant():
            return "NULL" if expression.null else "a constant"
        case Cast():
            return say(expression.argument, scene)
        case Comparison(operator=operator, arguments=(one, other)):
            return f"{say(one, scene)} {_SIGNS.get(operator, f'operator {operator}')} {say(other, scene)}"
        case IsNull():
            return f"{say(expression.argument, scene)} IS NULL"
        case Quantified():
            word = "ALL" if expression.every else "ANY"
            return f"{say(expression.left, scene)} = {word} ({say(expression.right, scene)})"
        case NullIf() | Coalesce():
            word = "nullif" if isinstance(expression, NullIf) else "coalesce"
            return f"{word}({', '.join(say(argument, scene) for argument in expression.arguments)})"
        case Call():
            return _call(expression, scene)
        case _:
            return _other(expression)


def _call(call: Call, scene: Scene) -> str:
    name = setting_of(call)
    if name is not None:
        flag = ", true" if call.function == CURRENT_SETTING_OR_NULL else ""
        return f"current_setting('{name.text or '…'}'{flag})"
    if call.function in NOW:
        return "now()"
    if call.function == RANDOM:
        return "random()"
    found = scene.world.function(call.function)
    return f"{found.name if found else f'function {call.function}'}"


def _other(expression: Expression) -> str:
    match expression:
        case Session():
            return "the time" if expression.number < 9 else "current_user"  # noqa: PLR2004  # SQLValueFunctionOp
        case Context():
            return "the context"
        case Select():
            return f"a sub-select ({expression.kind})"
        case Logic():
            return f"a condition with {expression.word.upper()}"
        case _:
            return type(expression).__name__.lower()
