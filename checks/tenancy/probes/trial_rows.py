"""Rows and contexts to look for a counterexample among: which to try first, and which would be one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

from basewatch.tenancy import Tenancy
from checks.tenancy.probes.constants import ExpressionContents
from checks.tenancy.probes.trial_values import TrialValue, canonical_text, lookalikes
from isolation.inventory.relations import Column

MAX_ROWS = 2000
"""How many rows are tried at most, under one context."""
_CONTEXTS = 24
_FLAGS = 16
_ON = ("on", "true", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialContext:
    """What is set while rows are tried: settings with their values, and the tenant that then acts, if any.

    `description` says it without the values; `allowed_key` is the key of the rows that may be shown, None for none.
    """

    description: str
    settings: tuple[tuple[str, str], ...]
    allowed_key: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticRow:
    """One made-up row: the values of its key, and of the other columns that the policy names."""

    key: tuple[TrialValue, ...]
    other_values: tuple[TrialValue, ...]


def value_combinations(columns: Sequence[tuple[TrialValue, ...]]) -> Iterator[tuple[TrialValue, ...]]:
    """Every combination of values, those that differ least from the first ones first: the first witness is simple."""
    start = tuple(values[0] for values in columns)
    for count in range(len(columns) + 1):
        for places in combinations(range(len(columns)), count):
            for chosen in product(*(columns[place][1:] for place in places)):
                row = list(start)
                for place, value in zip(places, chosen, strict=True):
                    row[place] = value
                yield tuple(row)


def synthetic_rows(
    keys: Sequence[tuple[TrialValue, ...]], others: Sequence[tuple[TrialValue, ...]]
) -> tuple[tuple[SyntheticRow, ...], ...]:
    """Rows by profile: one group for each combination of other columns, with every key in it; ROWS of them at most."""
    owned = tuple(islice(product(*keys), MAX_ROWS // 10))
    few = islice(value_combinations(others), max(1, MAX_ROWS // max(1, len(owned))))
    return tuple(tuple(SyntheticRow(key=key, other_values=profile) for key in owned) for profile in few)


def is_other_tenants(row: SyntheticRow, key: Sequence[Column], context: TrialContext) -> bool:
    """Whether a row belongs to someone else than who acts, or to nobody."""
    owner = context.allowed_key
    return owner is None or any(
        canonical_text(column.type_name, value.text) != _same(column.type_name, mine)
        for column, value, mine in zip(key, row.key, owner, strict=True)
    )


def _same(type_name: str, text: str) -> str | None:
    try:
        return canonical_text(type_name, text)
    except ValueError:
        return text  # no value of that type, so no row has it


def trial_contexts(tenancy: Tenancy, contents: ExpressionContents) -> tuple[TrialContext, ...]:
    """The canaries, then what is no tenant: empty, wildcards, lists, lookalikes, and constants of the policy."""
    (a, as_a), (b, as_b) = tenancy.canary_contexts
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
    for others in zip(*(tuple(lookalikes(part)) for part in as_a), strict=True):
        add("acting for an id that resembles canary A's", *others)
    for constant in contents.constants:
        add("acting for a constant of the policy", *(constant.text for _ in as_a))
    return tuple(found[:_CONTEXTS])


def _context(tenancy: Tenancy, words: str, values: tuple[str, ...], owner: tuple[str, ...] | None) -> TrialContext:
    return TrialContext(description=words, settings=tuple(zip(tenancy.context, values, strict=True)), allowed_key=owner)


def flag_contexts(tenancy: Tenancy, contents: ExpressionContents) -> tuple[TrialContext, ...]:
    """Canary A acting while another setting that the policy asks for has one of its constants, or is on."""
    mine = {setting.lower() for setting in tenancy.context}
    asked = [name for name in contents.settings if name.lower() not in mine and "." in name]
    (a, as_a), _ = tenancy.canary_contexts
    acting = _context(tenancy, "acting for canary A", as_a, a)
    tried = [*_ON, *(constant.text for constant in contents.constants)]
    return tuple(
        TrialContext(
            description=f"{acting.description} with {name} set",
            settings=(*acting.settings, (name, value)),
            allowed_key=a,
        )
        for name in asked
        for value in tried[:_FLAGS]
    )


NO_CONTEXT = TrialContext(description="on a session that never had a context", settings=(), allowed_key=None)
"""What a policy that fails open shows on a fresh session alone."""
