"""The search for a counterexample: made-up rows of another tenant that a policy would let pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import DerivedKey
from checks.tenancy.probes.constants import expression_contents
from checks.tenancy.probes.counterexample_sql import PredicateResult, SyntheticTable, evaluate_predicate
from checks.tenancy.probes.effective_predicates import EffectivePredicate, PrintedExpression
from checks.tenancy.probes.trial_rows import NO_CONTEXT, SyntheticRow, TrialContext, is_other_tenants, synthetic_rows
from checks.tenancy.probes.trial_values import TrialValue, column_values, key_values
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.relations import Column, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
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
class PredicateTrial:
    """One predicate and what it is tried on; `others` are the columns besides the key that it names."""

    table: Relation
    effective: EffectivePredicate
    predicate: str
    key: tuple[Column, ...]
    others: tuple[Column, ...]
    row_groups: tuple[tuple[SyntheticRow, ...], ...]


@dataclass(slots=True, kw_only=True)
class TrialProgress:
    """How far one question got."""

    rows: int = 0
    contexts: int = 0
    timed_out: bool = False
    counterexample: Counterexample | None = None


_TIMED_OUT = "57014"


def predicate_trial(
    access: EffectiveAccess, table: Relation, effective: EffectivePredicate, constraints: Iterable[PrintedExpression]
) -> PredicateTrial | str:
    """What to try, or why nothing can be tried."""
    key = access.tenant_key(table)
    if effective.untestable_reason:
        return effective.untestable_reason
    if key is None or isinstance(key, DerivedKey):
        return "has no key of its own"
    if access.tenancy.members is not None and access.table_class(table) is TableClass.MEMBERS:
        return "is the table of members"
    named, checks = _closure(table, effective, [c for c in constraints if c.relation == table.oid])
    others = tuple(c for c in table.columns if c.name in named and c not in key)
    (a, as_a), (b, as_b) = access.tenancy.canary_contexts
    constants = expression_contents((effective.text, *(check.text for check in checks))).constants
    ids = [TrialValue(text=text, label="canary A's id") for text in (*as_a, *a)]
    ids += [TrialValue(text=text, label="canary B's id") for text in (*as_b, *b)]
    tried = [column_values(column, ids, constants) for column in others]
    keys = [key_values(column, mine_, theirs, constants) for column, mine_, theirs in zip(key, a, b, strict=True)]
    predicate = " AND ".join([f"({effective.text})", *(f"({check.text}) IS NOT FALSE" for check in checks)])
    return _hindrance((*others, *key), checks, tried) or PredicateTrial(
        table=table,
        effective=effective,
        predicate=predicate,
        key=key,
        others=others,
        row_groups=synthetic_rows(keys, tried),
    )


def _hindrance(
    columns: Iterable[Column], checks: Iterable[PrintedExpression], tried: Iterable[tuple[TrialValue, ...]]
) -> str:
    if any(column.generated for column in columns):
        return "compares a generated column"
    if any(not check.standalone for check in checks):
        return "has a CHECK constraint that calls a function of its own"
    return "" if all(tried) else "compares a column of a type for which no value is known"


def _closure(
    table: Relation, effective: EffectivePredicate, constraints: Sequence[PrintedExpression]
) -> tuple[frozenset[str], list[PrintedExpression]]:
    """The columns that matter, and the CHECK constraints over them: rows that cannot be are no counterexample."""
    columns = {column.name for column in table.columns}
    named, kept = effective.contents.names & columns, list[PrintedExpression]()
    waiting = [(constraint, expression_contents((constraint.text,)).names & columns) for constraint in constraints]
    while touching := [pair for pair in waiting if pair[1] & named]:
        waiting = [pair for pair in waiting if pair not in touching]
        kept += [constraint for constraint, _ in touching]
        named = named.union(*(names for _, names in touching))
    return frozenset(named), kept


EvaluationCache: TypeAlias = dict[tuple[SyntheticTable, str, tuple[tuple[str, str], ...]], PredicateResult]
"""What was answered already, in one role: tables of one key and one predicate are tried once."""


def try_context(
    probe: TenantProbe, trial: PredicateTrial, context: TrialContext, progress: TrialProgress, cache: EvaluationCache
) -> None:
    """Try every row under one context, unless there is a witness already; one under a tenant tells more than UNSET."""
    told = progress.counterexample is not None and progress.counterexample.context != NO_CONTEXT.description
    if told or progress.timed_out:
        return
    progress.contexts += 1
    everything = [row for group in trial.row_groups for row in group]
    found = _passing(probe, trial, context, everything, progress, cache)
    if found is None and len(trial.row_groups) > 1:
        # One row that cannot be evaluated fails its statement: then each profile is asked by itself.
        for group in trial.row_groups[:_PIECES]:
            found = _passing(probe, trial, context, group, progress, cache)
            if found or progress.timed_out:
                break
    progress.rows = max(progress.rows, len(everything))
    if found:
        progress.counterexample = _witness(trial, found[0], context)


_PIECES = 40


def _passing(  # noqa: PLR0917  # one question, and how it goes
    probe: TenantProbe,
    asked: PredicateTrial,
    context: TrialContext,
    some: Sequence[SyntheticRow],
    progress: TrialProgress,
    before: EvaluationCache,
) -> list[SyntheticRow] | None:
    """The rows of someone else that pass; None when the evaluation failed, which shows nothing."""
    made = SyntheticTable(
        name=asked.table.name if asked.table.name in asked.effective.contents.names else "made",
        columns=tuple((column.name, column.type_name) for column in (*asked.key, *asked.others)),
        rows=tuple(tuple(value.text for value in (*row.key, *row.other_values)) for row in some),
    )
    exact = made, asked.predicate, context.settings
    if exact not in before:
        before[exact] = evaluate_predicate(probe, *exact)
    passed = before[exact]
    if passed.sqlstate is not None:
        progress.timed_out = progress.timed_out or passed.sqlstate == _TIMED_OUT
        return None
    return [some[number] for number in passed.rows if is_other_tenants(some[number], asked.key, context)]


def _witness(asked: PredicateTrial, row: SyntheticRow, context: TrialContext) -> Counterexample:
    gates = asked.effective.gates
    return Counterexample(
        gates=tuple(dict.fromkeys(str(gate) for gate in gates)),
        principals=tuple(dict.fromkeys(gate.principal for gate in gates)),
        context=context.description,
        key=tuple(dict.fromkeys(value.label for value in row.key)),
        columns=tuple(_matter(asked, row)),
        policies=asked.effective.policies,
        digests=asked.effective.digests,
    )


def _matter(asked: PredicateTrial, row: SyntheticRow) -> Iterator[tuple[str, str]]:
    """The columns that are not as they are when nothing is tried."""
    plain = asked.row_groups[0][0].other_values
    for column, value, usual in zip(asked.others, row.other_values, plain, strict=True):
        if value != usual:
            yield column.name, value.label
