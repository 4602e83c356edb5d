"""The built-in operators, functions and types that a proof relies on, by OID: equal in versions 14 to 18."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from isolation.inventory.code import Builtin


class TypeFamily(StrEnum):
    """Types whose values are compared in the same way; NUMBER: the integers and numeric, BLANK_PADDED: character(n)."""

    UUID = "uuid"
    NUMBER = "number"
    TEXT = "text"
    BLANK_PADDED = "bpchar"
    BOOLEAN = "boolean"


BOOLEAN: Final = 16
TEXT: Final = 25
NAME: Final = 19
TYPES: Final = {
    BOOLEAN: TypeFamily.BOOLEAN,
    2950: TypeFamily.UUID,
    21: TypeFamily.NUMBER,
    23: TypeFamily.NUMBER,
    20: TypeFamily.NUMBER,
    1700: TypeFamily.NUMBER,
    TEXT: TypeFamily.TEXT,
    1043: TypeFamily.TEXT,
    1042: TypeFamily.BLANK_PADDED,
}
TYPE_NAMES: Final = {
    16: "bool", 2950: "uuid", 21: "int2", 23: "int4", 20: "int8", 1700: "numeric", 25: "text", 1043: "varchar",
    1042: "bpchar",
}  # fmt: skip
INTEGERS: Final = frozenset({21, 23, 20})

_U, _N, _T, _B, _L = TypeFamily.UUID, TypeFamily.NUMBER, TypeFamily.TEXT, TypeFamily.BLANK_PADDED, TypeFamily.BOOLEAN
# Operator: family, function. https://www.postgresql.org/docs/18/catalog-pg-operator.html
EQUALS: Final = {
    2972: (_U, 2956), 98: (_T, 67), 1054: (_B, 1048), 91: (_L, 60), 96: (_N, 65), 94: (_N, 63), 410: (_N, 467),
    15: (_N, 852), 416: (_N, 474), 532: (_N, 158), 533: (_N, 159), 1862: (_N, 1850), 1868: (_N, 1856),
    1752: (_N, 1718),
}  # fmt: skip
NOT_EQUALS: Final = {
    2973: (_U, 2959), 531: (_T, 157), 1057: (_B, 1053), 85: (_L, 84), 518: (_N, 144), 519: (_N, 145), 411: (_N, 468),
    36: (_N, 853), 417: (_N, 475), 538: (_N, 164), 539: (_N, 165), 1863: (_N, 1851), 1869: (_N, 1857),
    1753: (_N, 1719),
}  # fmt: skip
LESS_OR_EQUAL: Final = {
    2976: (_U, 2955), 665: (_T, 741), 523: (_N, 149), 522: (_N, 148), 414: (_N, 471), 80: (_N, 856), 420: (_N, 478),
    540: (_N, 166), 541: (_N, 167), 1866: (_N, 1854), 1872: (_N, 1860), 1755: (_N, 1723),
}  # fmt: skip
GREATER_OR_EQUAL: Final = {
    2977: (_U, 2957), 667: (_T, 743), 525: (_N, 150), 524: (_N, 151), 415: (_N, 472), 82: (_N, 857), 430: (_N, 479),
    542: (_N, 168), 543: (_N, 169), 1867: (_N, 1855), 1873: (_N, 1861), 1757: (_N, 1721),
}  # fmt: skip
ARRAY_EQUALS, OVERLAPS, CONTAINS, CONTAINED = 1070, 2750, 2751, 2752
ARRAYS: Final = {ARRAY_EQUALS: 744, OVERLAPS: 2747, CONTAINS: 2748, CONTAINED: 2749}
LIKE, NOT_LIKE = 1209, 1210
ORDERED: Final = frozenset({
    37, 58, 95, 97, 412, 418, 534, 535, 660, 664, 1754, 1864, 1870, 2974, 59, 76, 413, 419, 520, 521, 536, 537, 662,
    666, 1756, 1865, 1871, 2975, *LESS_OR_EQUAL, *GREATER_OR_EQUAL,
})  # fmt: skip
LATER_THAN: Final = frozenset({1324, 1325, 1097, 1098, 2064, 2065, 2388, 2389, 2375, 2376, 2349, 2350, 2362, 2363})
"""The operators > and >= of dates and timestamps."""

CURRENT_SETTING, CURRENT_SETTING_OR_NULL = 2077, 3294
SET_CONFIG: Final = 2078
UNNEST: Final = 2331
NUMBER_CASTS: Final = {
    481: "int48", 480: "int84", 313: "i2toi4", 314: "i4toi2", 754: "int28", 714: "int82", 1740: "int4_numeric",
    1781: "int8_numeric", 1782: "int2_numeric", 1744: "numeric_int4", 1779: "numeric_int8", 1783: "numeric_int2",
}  # fmt: skip
BPCHAR_TO_TEXT: Final = 401  # text(character)
FOLDING_FUNCTIONS: Final = {870: "lower", 871: "upper", 885: "btrim1", 881: "ltrim1", 882: "rtrim1"}
"""Functions that change how an id is written, but not which uuid or number it denotes."""
FUNCTIONS: Final = {
    CURRENT_SETTING: ("current_setting", "show_config_by_name"),
    CURRENT_SETTING_OR_NULL: ("current_setting", "show_config_by_name_missing_ok"),
    BPCHAR_TO_TEXT: ("text", "rtrim1"),
    870: ("lower", "lower"), 871: ("upper", "upper"), 885: ("btrim", "btrim1"), 881: ("ltrim", "ltrim1"),
    882: ("rtrim", "rtrim1"), 481: ("int8", "int48"), 480: ("int4", "int84"), 313: ("int4", "i2toi4"),
    314: ("int2", "i4toi2"), 754: ("int8", "int28"), 714: ("int2", "int82"), 1740: ("numeric", "int4_numeric"),
    1781: ("numeric", "int8_numeric"), 1782: ("numeric", "int2_numeric"), 1744: ("int4", "numeric_int4"),
    1779: ("int8", "numeric_int8"), 1783: ("int2", "numeric_int2"),
}  # fmt: skip
"""Every function that a proof interprets, with its name and its code (prosrc)."""
TOTAL_COMPARISONS: Final = frozenset({*EQUALS, *NOT_EQUALS, *LESS_OR_EQUAL, *GREATER_OR_EQUAL})
"""The operators that give TRUE or FALSE for any two values that are not NULL: one type's comparisons, as shipped.

Others of PostgreSQL's do not: `jsonb @@ jsonpath` is NULL where the path selects no truth value.
"""
OPERATOR_SIGNS: Final = (("=", EQUALS), ("<>", NOT_EQUALS), ("<=", LESS_OR_EQUAL), (">=", GREATER_OR_EQUAL))
OPERATORS: Final = {
    **{operator: (sign, str(code)) for sign, table in OPERATOR_SIGNS for operator, (_, code) in table.items()},
    **{
        operator: (sign, str(ARRAYS[operator]))
        for sign, operator in (("=", ARRAY_EQUALS), ("&&", OVERLAPS), ("@>", CONTAINS), ("<@", CONTAINED))
    },
}
"""Every operator that a proof interprets, with its name and the OID of its function."""

CONTEXT_CHANGING: Final = frozenset({
    SET_CONFIG, 2924, 2925, 2926, 2927, 2928, 2930, 2923, 2929, 2933, 2935, 2936, 2938, 3685, 3689, 3690,
})  # fmt: skip
"""Built-in functions that change a setting or run a text as SQL, so that the context may change."""
NOW: Final = frozenset({1299, 2647, 2648, 2649})
RANDOM: Final = 1598
FIRST_USER_OID: Final = 16384


def expected_builtins() -> tuple[tuple[str, int], ...]:
    """The built-in objects that a proof relies on: the kind and OID of each operator, function and type."""
    each = [("operator", oid) for oid in OPERATORS] + [("function", oid) for oid in FUNCTIONS]
    return (*each, *(("type", oid) for oid in TYPE_NAMES))


def builtin_mismatches(found: Iterable[Builtin]) -> tuple[str, ...]:
    """The built-in objects of the proof that differ from PostgreSQL's, or that the inventory lacks, as "kind OID"."""
    read = {(builtin.kind, builtin.oid): builtin for builtin in found}
    return tuple(
        f"{kind} {oid}" for kind, oid in expected_builtins() if not _is_expected(kind, oid, read.get((kind, oid)))
    )


def _is_expected(kind: str, oid: int, builtin: Builtin | None) -> bool:
    if builtin is None or builtin.schema != "pg_catalog":
        return False
    if kind == "type":
        return builtin.name == TYPE_NAMES[oid]
    table = OPERATORS if kind == "operator" else FUNCTIONS
    return (builtin.name, builtin.code) == table[oid]
