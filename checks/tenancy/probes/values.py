"""Values worth trying in a column: those that a mistaken policy would take for the tenant's, or for everybody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from checks.tenancy.probes.constants import Constant
from isolation.inventory.relations import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value as text, None for NULL, and the word by which a report may name it: it never tells the value."""

    text: str | None
    word: str


NULL: Final = Value(text=None, word="NULL")
_CONSTANT: Final = "a constant of the policy"
_TEXTS: Final = ("text", "character varying", "character", "name", "citext", '"char"')
_WHOLE: Final = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_NUMBERS: Final = ("numeric", "real", "double precision")
_TIMES: Final = (Value(text="2000-01-01", word="a time long past"), Value(text="9999-01-01", word="a time far off"))
_PLAIN: Final[dict[str, tuple[Value, ...]]] = {
    "boolean": (Value(text="false", word="false"), Value(text="true", word="true")),
    "date": _TIMES,
    "timestamp without time zone": _TIMES,
    "timestamp with time zone": _TIMES,
    "interval": (Value(text="0", word="no time"), Value(text="100 years", word="a century")),
    "json": (Value(text="{}", word="an empty object"),),
    "jsonb": (Value(text="{}", word="an empty object"),),
    "uuid": (Value(text="00000000-0000-0000-0000-000000000000", word="the nil uuid"),),
}


def bare(type_name: str) -> str:
    """A type without its length: `character varying` of `character varying(10)`."""
    return re.sub(r"\([^)]*\)", "", type_name).strip()


def fits(type_name: str, text: str) -> bool:
    """Whether a text can be read as a value of this type; false also where only PostgreSQL could tell."""
    kind = bare(type_name)
    try:
        match kind:
            case "uuid":
                UUID(text)
            case "boolean":
                return text in {"true", "false"}
            case _ if kind in _WHOLE:
                return -_WHOLE[kind] <= int(text) < _WHOLE[kind]
            case _ if kind in _NUMBERS:
                float(text)
            case _:
                return kind in _TEXTS
    except ValueError:
        return False
    return True


def like(text: str) -> Iterator[str]:
    """Ids that are not this one and yet begin, end or read as it does: what a careless comparison takes for equal."""
    yield text[:-1] + ("0" if text[-1:] != "0" else "1")
    yield ("0" if text[:1] != "0" else "1") + text[1:]
    yield text + "0"
    yield text[:-1]
    yield text.swapcase()
    yield text + " "


def key_values(column: Column, a: str, b: str, mined: Iterable[Constant]) -> tuple[Value, ...]:
    """What to try in a column of the tenant key, the other canary first."""
    kind = column.type_name
    found = [Value(text=b, word="canary B"), Value(text=a, word="canary A")]
    if not column.not_null:
        found.append(Value(text=None, word="no tenant (NULL)"))
    found += [Value(text=text, word="an id that resembles canary A's") for text in like(a)]
    found += [Value(text=c.text, word=_CONSTANT) for c in mined]
    return _distinct(kind, (v for v in found if v.text is None or fits(kind, v.text)))


def values(column: Column, ids: Iterable[Value], mined: Iterable[Constant]) -> tuple[Value, ...]:
    """What to try in any other column, first what it holds when nothing is tried; none when nothing is known to fit."""
    kind, element = bare(column.type_name), bare(column.type_name).removesuffix("[]")
    constants = tuple(mined)
    own = [Value(text=c.text, word=_CONSTANT) for c in constants if c.type_name == kind or fits(kind, c.text)]
    own += [Value(text=str(int(c.text) + 1), word="next to " + _CONSTANT) for c in constants if _is_whole(kind, c)]
    found = [] if column.not_null else [NULL]
    if kind != element:
        found.append(Value(text="{}", word="an empty array"))
        inner = [*ids, *(Value(text=c.text, word=_CONSTANT) for c in constants)]
        found += [
            Value(text=_array(v.text), word=f"an array of {v.word}") for v in inner if v.text and fits(element, v.text)
        ]
        return _distinct(kind, [*found, *own])
    found += _PLAIN.get(kind, ())
    if kind in _TEXTS:
        found.append(Value(text="", word="an empty text"))
    if kind in _WHOLE or kind in _NUMBERS:
        found += [Value(text=text, word=text) for text in ("0", "1", "-1")]
    found += [v for v in ids if v.text is not None and fits(kind, v.text)]
    return _distinct(kind, [*found, *own])


def _is_whole(kind: str, constant: Constant) -> bool:
    return (kind in _WHOLE or kind in _NUMBERS) and constant.text.isdigit()


def _array(text: str) -> str:
    return '{"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"}'


def same(kind: str, text: str | None) -> str | None:
    """A value in the one form that equal values of its type share."""
    if text is None:
        return None
    match bare(kind):
        case "uuid":
            return str(UUID(text))
        case "smallint" | "integer" | "bigint":
            return str(int(text))
        case "character":
            return text.rstrip(" ")
        case _:
            return text


def _distinct(kind: str, found: Iterable[Value]) -> tuple[Value, ...]:
    kept = dict[str | None, Value]()
    for value in found:
        kept.setdefault(same(kind, value.text), value)
    return tuple(kept.values())
