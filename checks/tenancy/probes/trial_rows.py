"""Synthetic rows and contexts for predicate trials, in order of priority. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from basewatch.postgres.context_values import id_in, value_with
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.expression_tokens import ExpressionContents
from checks.tenancy.probes.trial_values import TrialValue, canonical_text, lookalikes, most_characters
from isolation.inventory.relations import Column

MAX_ROWS = 2000
"""Rows in one context at most."""
_CONTEXTS = 24
_FLAGS = 16
_ON = ("on", "true", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialContext:
    """The settings during an evaluation, and the tenant that they stand for, if any.

    `description` names the context without values; `allowed_key` is the key of the rows that may pass, None for none.
    `in_other_surroundings` says that other answers to what a policy asks about its surroundings are tried in it, too.
    """

    description: str
    settings: tuple[tuple[str, str], ...]
    allowed_key: tuple[str, ...] | None
    in_other_surroundings: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticRow:
    """One synthetic row: values of its key and of the other columns in the policy."""

    key: tuple[TrialValue, ...]
    other_values: tuple[TrialValue, ...]


def value_combinations(columns: Sequence[tuple[TrialValue, ...]]) -> Iterator[tuple[TrialValue, ...]]:
    """All combinations of values; those with the fewest differences from the first values come first."""
    start = tuple(values[0] for values in columns)
    for count in range(len(columns) + 1):
        for changed in combinations(range(len(columns)), count):
            for chosen in product(*(columns[index][1:] for index in changed)):
                row = list(start)
                for index, value in zip(changed, chosen, strict=True):
                    row[index] = value
                yield tuple(row)


def synthetic_rows(
    keys: Sequence[tuple[TrialValue, ...]], others: Sequence[tuple[TrialValue, ...]]
) -> tuple[tuple[SyntheticRow, ...], ...]:
    """Groups of rows, one for each combination of other columns, with every key; MAX_ROWS rows at most."""
    key_values = tuple(islice(product(*keys), MAX_ROWS // 10))
    profiles = islice(value_combinations(others), max(1, MAX_ROWS // max(1, len(key_values))))
    return tuple(tuple(SyntheticRow(key=key, other_values=profile) for key in key_values) for profile in profiles)


def is_other_tenants(row: SyntheticRow, key: Sequence[Column], context: TrialContext) -> bool:
    """Whether a row belongs to another tenant than the one in the context, or to none."""
    owner = context.allowed_key
    return owner is None or any(
        canonical_text(column.id_type_name, value.text) != _canonical_or_text(column.id_type_name, mine)
        for column, value, mine in zip(key, row.key, owner, strict=True)
    )


def _canonical_or_text(type_name: str, text: str) -> str | None:
    try:
        return canonical_text(type_name, text)
    except (ValueError, ArithmeticError):
        return text  # no value of this type, so no row has it


def trial_contexts(
    tenancy: Tenancy, contents: ExpressionContents, key: Sequence[Column] = ()
) -> tuple[TrialContext, ...]:
    """The canaries, then contexts of no tenant: empty, wildcards, lists, similar ids, constants of the policy."""
    (a, as_a), (b, as_b) = tenancy.canary_contexts
    found = [
        replace(_context(tenancy, "in the context of canary A", as_a, a), in_other_surroundings=True),
        _context(tenancy, "in the context of canary B", as_b, b, tenancy.canaries.settings_b),
        _context(tenancy, "with an empty context", tuple("" for _ in as_a), None),
    ]
    values, claim = as_a, tenancy.claim
    if claim is not None:
        as_a, as_b = (tuple(id_in(value, claim) for value in each) for each in (as_a, as_b))

    longest = min((most_characters(column.type_name) for column in key), default=sys.maxsize)

    def add(description: str, *ids: str) -> None:
        if max(map(len, ids)) > longest:
            return  # a cast to the type of the key would cut it, to the id of another tenant
        settings = tuple(value_with(value, claim, one) for value, one in zip(values, ids, strict=True))
        found.append(_context(tenancy, description, settings, None if tenancy.members is not None else ids))

    for wild in ("%", "_%", ".*"):
        add("with a wildcard as context", *(wild for _ in as_a))
    add("with a wildcard in the context", *(part[:8] + "%" for part in as_a))
    for shape in ("{},{}", "{{{},{}}}"):
        add("with both canaries in the context", *(shape.format(x, y) for x, y in zip(as_a, as_b, strict=True)))
    for others in zip(*(tuple(lookalikes(part)) for part in as_a), strict=True):
        add("in the context of an id similar to canary A's", *others)
    for constant in contents.constants:
        add("in the context of a constant of the policy", *(constant.text for _ in as_a))
    return tuple(found[:_CONTEXTS])


def _context(
    tenancy: Tenancy,
    description: str,
    values: tuple[str, ...],
    allowed_key: tuple[str, ...] | None,
    more: Mapping[str, str] | None = None,
) -> TrialContext:
    """A context with the further settings of canary A, or with those in `more`."""
    others = tenancy.canaries.settings_a if more is None else more
    settings = (*others.items(), *zip(tenancy.context, values, strict=True))
    return TrialContext(description=description, settings=settings, allowed_key=allowed_key)


def flag_contexts(tenancy: Tenancy, contents: ExpressionContents) -> tuple[TrialContext, ...]:
    """The context of canary A, with another setting in the policy set to one of its constants, or to on."""
    mine = {setting.lower() for setting in tenancy.context_settings}
    other_settings = [name for name in contents.settings if name.lower() not in mine and "." in name]
    (a, as_a), _ = tenancy.canary_contexts
    canary_a = _context(tenancy, "in the context of canary A", as_a, a)
    tried = [*_ON, *(constant.text for constant in contents.constants)]
    return tuple(
        TrialContext(
            description=f"{canary_a.description} with {name} set",
            settings=(*canary_a.settings, (name, value)),
            allowed_key=a,
        )
        for name in other_settings
        for value in tried[:_FLAGS]
    )


NO_CONTEXT = TrialContext(description="on a session without a context", settings=(), allowed_key=None)
"""The context of a fresh session, in which a policy may fail open."""
