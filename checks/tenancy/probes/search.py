"""The search for a counterexample: made-up rows of another tenant that a policy would let pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from basewatch.postgres.probe import TenantProbe
from basewatch.tenancy import Derived
from checks.tenancy.probes.constants import mine
from checks.tenancy.probes.counterexample_sql import Made, Passed, passing
from checks.tenancy.probes.effective import Effective, Printed
from checks.tenancy.probes.values import Value, key_values, values
from checks.tenancy.probes.witnesses import UNSET, Context, Row, is_another, rows
from isolation.inventory.relations import Column, Relation
from isolation.inventory.world import Standing, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A row of someone else that would pass, told without any value.

    `gates` are what it passes, `columns` those whose value matters, with the word for that value.
    """

    gates: tuple[str, ...]
    principals: tuple[str, ...]
    context: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    policies: tuple[str, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One predicate and what it is tried on; `others` are the columns besides the key that it names."""

    table: Relation
    effective: Effective
    predicate: str
    key: tuple[Column, ...]
    others: tuple[Column, ...]
    groups: tuple[tuple[Row, ...], ...]


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far one question got."""

    rows: int = 0
    contexts: int = 0
    timed_out: bool = False
    witness: Witness | None = None


_TIMED_OUT = "57014"


def question(world: World, table: Relation, effective: Effective, constraints: Iterable[Printed]) -> Question | str:
    """What to try, or why nothing can be tried."""
    key = world.key(table)
    if effective.doubt:
        return effective.doubt
    if key is None or isinstance(key, Derived):
        return "has no key of its own"
    if world.tenancy.members is not None and world.standing(table) is Standing.MEMBERS:
        return "is the table of members"
    named, checks = _closure(table, effective, [c for c in constraints if c.relation == table.oid])
    others = tuple(c for c in table.columns if c.name in named and c not in key)
    (a, as_a), (b, as_b) = world.tenancy.contexts
    constants = mine((effective.text, *(check.text for check in checks))).constants
    ids = [Value(text=text, word="canary A's id") for text in (*as_a, *a)]
    ids += [Value(text=text, word="canary B's id") for text in (*as_b, *b)]
    tried = [values(column, ids, constants) for column in others]
    keys = [key_values(column, mine_, theirs, constants) for column, mine_, theirs in zip(key, a, b, strict=True)]
    predicate = " AND ".join([f"({effective.text})", *(f"({check.text}) IS NOT FALSE" for check in checks)])
    return _hindrance((*others, *key), checks, tried) or Question(
        table=table, effective=effective, predicate=predicate, key=key, others=others, groups=rows(keys, tried)
    )


def _hindrance(columns: Iterable[Column], checks: Iterable[Printed], tried: Iterable[tuple[Value, ...]]) -> str:
    if any(column.generated for column in columns):
        return "compares a generated column"
    if any(not check.alone for check in checks):
        return "has a CHECK constraint that calls a function of its own"
    return "" if all(tried) else "compares a column of a type for which no value is known"


def _closure(
    table: Relation, effective: Effective, constraints: Sequence[Printed]
) -> tuple[frozenset[str], list[Printed]]:
    """The columns that matter, and the CHECK constraints over them: rows that cannot be are no counterexample."""
    columns = {column.name for column in table.columns}
    named, kept = effective.mined.names & columns, list[Printed]()
    waiting = [(constraint, mine((constraint.text,)).names & columns) for constraint in constraints]
    while touching := [pair for pair in waiting if pair[1] & named]:
        waiting = [pair for pair in waiting if pair not in touching]
        kept += [constraint for constraint, _ in touching]
        named = named.union(*(names for _, names in touching))
    return frozenset(named), kept


Asked: TypeAlias = dict[tuple[Made, str, tuple[tuple[str, str], ...]], Passed]
"""What was answered already, in one role: tables of one key and one predicate are tried once."""


def attempt(probe: TenantProbe, asked: Question, context: Context, progress: Progress, before: Asked) -> None:
    """Try every row under one context, unless there is a witness already; one under a tenant tells more than UNSET."""
    told = progress.witness is not None and progress.witness.context != UNSET.words
    if told or progress.timed_out:
        return
    progress.contexts += 1
    everything = [row for group in asked.groups for row in group]
    found = _passing(probe, asked, context, everything, progress, before)
    if found is None and len(asked.groups) > 1:
        # One row that cannot be evaluated fails its statement: then each profile is asked by itself.
        for group in asked.groups[:_PIECES]:
            found = _passing(probe, asked, context, group, progress, before)
            if found or progress.timed_out:
                break
    progress.rows = max(progress.rows, len(everything))
    if found:
        progress.witness = _witness(asked, found[0], context)


_PIECES = 40


def _passing(  # noqa: PLR0917  # one question, and how it goes
    probe: TenantProbe, asked: Question, context: Context, some: Sequence[Row], progress: Progress, before: Asked
) -> list[Row] | None:
    """The rows of someone else that pass; None when the evaluation failed, which shows nothing."""
    made = Made(
        name=asked.table.name if asked.table.name in asked.effective.mined.names else "made",
        columns=tuple((column.name, column.type_name) for column in (*asked.key, *asked.others)),
        rows=tuple(tuple(value.text for value in (*row.key, *row.others)) for row in some),
    )
    exact = made, asked.predicate, context.settings
    if exact not in before:
        before[exact] = passing(probe, *exact)
    passed = before[exact]
    if passed.sqlstate is not None:
        progress.timed_out = progress.timed_out or passed.sqlstate == _TIMED_OUT
        return None
    return [some[number] for number in passed.rows if is_another(some[number], asked.key, context)]


def _witness(asked: Question, row: Row, context: Context) -> Witness:
    gates = asked.effective.gates
    return Witness(
        gates=tuple(dict.fromkeys(str(gate) for gate in gates)),
        principals=tuple(dict.fromkeys(gate.principal for gate in gates)),
        context=context.words,
        key=tuple(dict.fromkeys(value.word for value in row.key)),
        columns=tuple(_matter(asked, row)),
        policies=asked.effective.policies,
        digests=asked.effective.digests,
    )


def _matter(asked: Question, row: Row) -> Iterator[tuple[str, str]]:
    """The columns that are not as they are when nothing is tried."""
    plain = asked.groups[0][0].others
    for column, value, usual in zip(asked.others, row.others, plain, strict=True):
        if value != usual:
            yield column.name, value.word
