"""Values for columns of synthetic rows: those that a wrong policy may accept for another tenant or for all."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from checks.tenancy.probes.expression_tokens import PrintedConstant
from isolation.inventory.relations import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialValue:
    """A value as text, None for NULL, and a label for reports that does not reveal it."""

    text: str | None
    label: str


NULL: Final = TrialValue(text=None, label="NULL")
_CONSTANT: Final = "a constant of the policy"
_TEXTS: Final = ("text", "character varying", "character", "name", "citext", '"char"')
_INTEGERS: Final = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_NUMBERS: Final = ("numeric", "real", "double precision")
_TIMES: Final = (
    TrialValue(text="2000-01-01", label="a time in the past"),
    TrialValue(text="9999-01-01", label="a time in the future"),
)
_PLAIN: Final[dict[str, tuple[TrialValue, ...]]] = {
    "boolean": (TrialValue(text="false", label="false"), TrialValue(text="true", label="true")),
    "date": _TIMES,
    "timestamp without time zone": _TIMES,
    "timestamp with time zone": _TIMES,
    "interval": (TrialValue(text="0", label="zero"), TrialValue(text="100 years", label="a century")),
    "json": (TrialValue(text="{}", label="an empty object"),),
    "jsonb": (TrialValue(text="{}", label="an empty object"),),
    "uuid": (TrialValue(text="00000000-0000-0000-0000-000000000000", label="the nil uuid"),),
}


def without_length(type_name: str) -> str:
    """A type without its length: `character varying` of `character varying(10)`."""
    return re.sub(r"\([^)]*\)", "", type_name).strip()


def most_characters(type_name: str) -> int:
    """The length of a text type, such as 10 for `character varying(10)`; a large number for one without."""
    match = re.search(r"\((\d+)\)", type_name)
    return int(match[1]) if match else sys.maxsize


def fits(type_name: str, text: str) -> bool:
    """Whether a text is valid for this type; false for types that only PostgreSQL can parse.

    A text that is too long is none: a cast would cut it to another one, where storing it raises an error.
    """
    kind = without_length(type_name)
    if kind in _TEXTS and len(text) > most_characters(type_name):
        return False
    try:
        match kind:
            case "uuid":
                UUID(text)
            case "boolean":
                return text in {"true", "false"}
            case _ if kind in _INTEGERS:
                return -_INTEGERS[kind] <= int(text) < _INTEGERS[kind]
            case _ if kind in _NUMBERS:
                float(text)
            case _:
                return kind in _TEXTS
    except ValueError:
        return False
    return True


def lookalikes(text: str) -> Iterator[str]:
    """Ids similar to this one: they share a prefix or suffix, or differ in case or trailing space."""
    yield text[:-1] + ("0" if text[-1:] != "0" else "1")
    yield ("0" if text[:1] != "0" else "1") + text[1:]
    yield text + "0"
    yield text[:-1]
    yield text.swapcase()
    yield text + " "


def key_values(column: Column, a: str, b: str, constants: Iterable[PrintedConstant]) -> tuple[TrialValue, ...]:
    """Values for a column of the tenant key, the other canary first."""
    kind = column.id_type_name
    # The canaries are values of the type, whichever it is.
    found = [TrialValue(text=b, label="canary B"), TrialValue(text=a, label="canary A")]
    if not column.not_null:
        found.append(TrialValue(text=None, label="no tenant (NULL)"))
    # Under a nondeterministic collation, texts that differ may name one tenant.
    similar = lookalikes(a) if column.deterministic_collation else ()
    others = [TrialValue(text=text, label="an id similar to canary A's") for text in similar]
    others += [TrialValue(text=c.text, label=_CONSTANT) for c in constants]
    return _distinct(
        kind,
        [
            *(v for v in found if v.text is None or is_value(kind, v.text)),
            *(v for v in others if v.text is not None and fits(kind, v.text)),
        ],
    )


def column_values(
    column: Column, ids: Iterable[TrialValue], constants: Iterable[PrintedConstant]
) -> tuple[TrialValue, ...]:
    """Values for any other column, the default first; none if no value for its type is known."""
    kind, element = without_length(column.id_type_name), without_length(column.id_type_name).removesuffix("[]")
    constants = tuple(constants)
    own = [TrialValue(text=c.text, label=_CONSTANT) for c in constants if c.type_name == kind or fits(kind, c.text)]
    own += [
        TrialValue(text=str(int(c.text) + 1), label="one more than " + _CONSTANT)
        for c in constants
        if _is_number(kind, c)
    ]
    found = [] if column.not_null else [NULL]
    if kind != element:
        found.append(TrialValue(text="{}", label="an empty array"))
        inner = [*ids, *(TrialValue(text=c.text, label=_CONSTANT) for c in constants)]
        found += [
            TrialValue(text=_array(v.text), label=f"an array of {v.label}")
            for v in inner
            if v.text and fits(element, v.text)
        ]
        return _distinct(kind, [*found, *own])
    found += _PLAIN.get(kind, ())
    if kind in _TEXTS:
        found.append(TrialValue(text="", label="an empty text"))
    if kind in _INTEGERS or kind in _NUMBERS:
        found += [TrialValue(text=text, label=text) for text in ("0", "1", "-1")]
    found += [v for v in ids if v.text is not None and fits(column.type_name, v.text)]
    return _distinct(kind, [*found, *own])


def _is_number(kind: str, constant: PrintedConstant) -> bool:
    return (kind in _INTEGERS or kind in _NUMBERS) and constant.text.isdigit()


def _array(text: str) -> str:
    return '{"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"}'


def canonical_text(kind: str, text: str | None) -> str | None:  # noqa: PLR0911  # one case per type
    """The canonical form of a value: equal values of a type have the same."""
    if text is None:
        return None
    match without_length(kind):
        case "uuid":
            return str(UUID(text))
        case "smallint" | "integer" | "bigint" | "numeric":
            return str(Decimal(text).normalize())
        case "character":
            return text.rstrip(" ")
        case "citext":
            return text.casefold()
        case "boolean":
            return "true" if text.lower() in {"t", "true", "on", "yes", "1"} else "false"
        case _:
            return text


def is_value(kind: str, text: str) -> bool:
    """Whether a text is a value of a type, as far as is known without PostgreSQL."""
    try:
        canonical_text(kind, text)
    except (ValueError, ArithmeticError):
        return False
    return True


def _distinct(kind: str, found: Iterable[TrialValue]) -> tuple[TrialValue, ...]:
    kept = dict[str | None, TrialValue]()
    for value in found:
        kept.setdefault(canonical_text(kind, value.text), value)
    return tuple(kept.values())
