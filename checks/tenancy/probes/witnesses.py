"""Rows and contexts to look for a counterexample among: which to try first, and which would be one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

from basewatch.tenancy import Tenancy
from checks.tenancy.probes.constants import Mined
from checks.tenancy.probes.values import Value, like, same
from isolation.inventory.relations import Column

ROWS = 2000
"""How many rows are tried at most, under one context."""
_CONTEXTS = 24
_FLAGS = 16
_ON = ("on", "true", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is set while rows are tried: settings with their values, and the tenant that then acts, if any.

    `words` says it without the values; `owner` is the key of the rows that may be shown, None for none.
    """

    words: str
    settings: tuple[tuple[str, str], ...]
    owner: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One made-up row: the values of its key, and of the other columns that the policy names."""

    key: tuple[Value, ...]
    others: tuple[Value, ...]


def profiles(columns: Sequence[tuple[Value, ...]]) -> Iterator[tuple[Value, ...]]:
    """Every combination of values, those that differ least from the first ones first: the first witness is simple."""
    start = tuple(values[0] for values in columns)
    for count in range(len(columns) + 1):
        for places in combinations(range(len(columns)), count):
            for chosen in product(*(columns[place][1:] for place in places)):
                row = list(start)
                for place, value in zip(places, chosen, strict=True):
                    row[place] = value
                yield tuple(row)


def rows(keys: Sequence[tuple[Value, ...]], others: Sequence[tuple[Value, ...]]) -> tuple[tuple[Row, ...], ...]:
    """Rows by profile: one group for each combination of other columns, with every key in it; ROWS of them at most."""
    owned = tuple(islice(product(*keys), ROWS // 10))
    few = islice(profiles(others), max(1, ROWS // max(1, len(owned))))
    return tuple(tuple(Row(key=key, others=profile) for key in owned) for profile in few)


def is_another(row: Row, key: Sequence[Column], context: Context) -> bool:
    """Whether a row belongs to someone else than who acts, or to nobody."""
    owner = context.owner
    return owner is None or any(
        same(column.type_name, value.text) != _same(column.type_name, mine)
        for column, value, mine in zip(key, row.key, owner, strict=True)
    )


def _same(type_name: str, text: str) -> str | None:
    try:
        return same(type_name, text)
    except ValueError:
        return text  # no value of that type, so no row has it


def contexts(tenancy: Tenancy, mined: Mined) -> tuple[Context, ...]:
    """The canaries, then what is no tenant: empty, wildcards, lists, lookalikes, and constants of the policy."""
    (a, as_a), (b, as_b) = tenancy.contexts
    found = [_context(tenancy, "acting for canary A", as_a, a), _context(tenancy, "acting for canary B", as_b, b)]

    def add(words: str, *values: str) -> None:
        users = tenancy.members is not None
        found.append(_context(tenancy, words, values, None if users else values))

    add("with an empty context", *("" for _ in as_a))
    for wild in ("%", "_%", ".*"):
        add("with a wildcard for a context", *(wild for _ in as_a))
    add("with a wildcard in the context", *(part[:8] + "%" for part in as_a))
    for shape in ("{},{}", "{{{},{}}}"):
        add("with both canaries in the context", *(shape.format(x, y) for x, y in zip(as_a, as_b, strict=True)))
    for others in zip(*(tuple(like(part)) for part in as_a), strict=True):
        add("acting for an id that resembles canary A's", *others)
    for constant in mined.constants:
        add("acting for a constant of the policy", *(constant.text for _ in as_a))
    return tuple(found[:_CONTEXTS])


def _context(tenancy: Tenancy, words: str, values: tuple[str, ...], owner: tuple[str, ...] | None) -> Context:
    return Context(words=words, settings=tuple(zip(tenancy.context, values, strict=True)), owner=owner)


def flags(tenancy: Tenancy, mined: Mined) -> tuple[Context, ...]:
    """Canary A acting while another setting that the policy asks for has one of its constants, or is on."""
    mine = {setting.lower() for setting in tenancy.context}
    asked = [name for name in mined.settings if name.lower() not in mine and "." in name]
    (a, as_a), _ = tenancy.contexts
    acting = _context(tenancy, "acting for canary A", as_a, a)
    tried = [*_ON, *(constant.text for constant in mined.constants)]
    return tuple(
        Context(words=f"{acting.words} with {name} set", settings=(*acting.settings, (name, value)), owner=a)
        for name in asked
        for value in tried[:_FLAGS]
    )


UNSET = Context(words="on a session that never had a context", settings=(), owner=None)
"""What a policy that fails open shows on a fresh session alone."""
