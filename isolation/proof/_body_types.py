"""The types of values in a function body: their names, their casts, and the operators that compare them."""

from __future__ import annotations

from typing import Final

from isolation.inventory.builtin_oids import BOOLEAN, INTEGERS, TEXT, TYPES, TypeFamily
from isolation.inventory.code import Function
from isolation.proof._body_tokens import UnreadableBody
from isolation.proof._expressions import Expression, FunctionCall, TypeCast
from isolation.proof._value_types import type_of

VARCHAR: Final = 1043
EQUAL_TEXTS: Final = 98
_NAMES: Final = {
    "uuid": 2950, "text": TEXT, "varchar": VARCHAR, "bigint": 20, "int8": 20, "integer": 23, "int": 23, "int4": 23,
    "smallint": 21, "int2": 21, "numeric": 1700, "boolean": BOOLEAN, "bool": BOOLEAN,
}  # fmt: skip
_PARAMETERS: Final = {
    "uuid": 2950, "text": TEXT, "character varying": VARCHAR, "bigint": 20, "integer": 23, "smallint": 21,
    "boolean": BOOLEAN,
}  # fmt: skip
_EQUALS: Final = {
    (2950, 2950): 2972, (TEXT, TEXT): EQUAL_TEXTS, (23, 23): 96, (20, 20): 410, (21, 21): 94, (23, 20): 15,
    (20, 23): 416, (21, 23): 532, (23, 21): 533, (21, 20): 1862, (20, 21): 1868,
}  # fmt: skip


def type_named(name: str) -> int:
    """The OID of a built-in type of ids by its name in SQL; 0 for any other."""
    return _NAMES.get(name.removeprefix("pg_catalog."), 0)


def equality_operator(one: Expression, other: Expression) -> int | None:
    """The OID of the operator that `=` means for two values; None if it is unknown."""
    types = [TEXT if type_of(side) == VARCHAR else type_of(side) for side in (one, other)]
    return _EQUALS.get((types[0], types[1]))


def converted(value: Expression, wanted: int) -> Expression:
    """A value as one of another type, if the cast is one that a proof understands. Raises: UnreadableBody."""
    found = type_of(value)
    if found == wanted:
        return value
    families = TYPES.get(found), TYPES.get(wanted)
    if families == (TypeFamily.TEXT, TypeFamily.TEXT):
        return TypeCast("relabel", value, wanted)
    from_text = families[0] is TypeFamily.TEXT and families[1] in {TypeFamily.UUID, TypeFamily.NUMBER}
    to_text = families[1] is TypeFamily.TEXT and (families[0] is TypeFamily.UUID or found in INTEGERS)
    if not from_text and not to_text:
        raise UnreadableBody
    return TypeCast("text", value, wanted)


def as_called(functions: list[Function], arguments: tuple[Expression, ...]) -> FunctionCall | None:
    """A call with these arguments, if only one of the functions of one name can be meant; otherwise None."""
    if not arguments:
        functions = [one for one in functions if one.argument_count == 0]
    if len(functions) != 1 or functions[0].argument_count != len(arguments):
        return None
    function = functions[0]
    wanted = function.name.partition("(")[2].removesuffix(")").split(", ") if arguments else []
    passed = tuple(_as_parameter(one, name) for one, name in zip(arguments, wanted, strict=False))
    if len(passed) != len(arguments) or any(one is None for one in passed):
        return None
    found = tuple(one for one in passed if one is not None)
    return FunctionCall(function.oid, found, function.return_type, function.returns_set)


def _as_parameter(value: Expression, name: str) -> Expression | None:
    found, wanted = type_of(value), _PARAMETERS.get(name, 0)
    if found == VARCHAR and wanted == TEXT:
        return TypeCast("relabel", value, TEXT)
    return value if found == wanted else None
