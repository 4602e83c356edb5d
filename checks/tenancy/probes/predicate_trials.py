"""Trials of one predicate: synthetic rows of other tenants in several contexts, until one passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import DerivedKey
from checks.tenancy.probes.counterexample_sql import PredicateResult, SyntheticTable, evaluate_predicate
from checks.tenancy.probes.effective_predicates import AMBIGUOUS, EffectivePredicate, PrintedExpression
from checks.tenancy.probes.expression_tokens import expression_contents
from checks.tenancy.probes.surroundings import other_answers
from checks.tenancy.probes.trial_rows import NO_CONTEXT, SyntheticRow, TrialContext, is_other_tenants, synthetic_rows
from checks.tenancy.probes.trial_values import TrialValue, canonical_text, column_values, key_values
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.relations import Column, Command, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A synthetic row of another tenant that passes a predicate, described without values.

    `gates` are those that it passes; `columns` are the columns whose value matters, with a label of the value.
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
    """One predicate and the rows to evaluate it on; `others` are its columns besides the key.

    `passes_global_rows` says that it is for reading alone, of a table with rows that are everybody's: those without
    a tenant, or with `global_values`.
    """

    table: Relation
    effective: EffectivePredicate
    predicate: str
    key: tuple[Column, ...]
    others: tuple[Column, ...]
    row_groups: tuple[tuple[SyntheticRow, ...], ...]
    passes_global_rows: bool
    global_values: tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class TrialProgress:
    """The progress of one trial."""

    rows: int = 0
    contexts: int = 0
    timed_out: bool = False
    counterexample: Counterexample | None = None


_TIMED_OUT = "57014"


def predicate_trial(
    access: EffectiveAccess, table: Relation, effective: EffectivePredicate, constraints: Iterable[PrintedExpression]
) -> PredicateTrial | str:
    """The trial of a predicate, or the reason why it cannot be evaluated."""
    key = access.tenant_key(table)
    if effective.untestable_reason:
        return effective.untestable_reason
    if key is None or isinstance(key, DerivedKey):
        return "has no tenant key of its own"
    if access.is_own(table):
        return "belongs to the user whom the context names"
    if access.tenancy.members is not None and access.table_class(table) is TableClass.MEMBERS:
        return "belongs to the members table"
    named, checks = _relevant_columns(table, effective, [c for c in constraints if c.relation == table.oid])
    others = tuple(c for c in table.columns if c.name in named and c not in key)
    (a, as_a), (b, as_b) = access.tenancy.canary_contexts
    constants = expression_contents((effective.text, *(check.text for check in checks))).constants
    ids = [TrialValue(text=text, label="canary A's id") for text in (*as_a, *a)]
    ids += [TrialValue(text=text, label="canary B's id") for text in (*as_b, *b)]
    tried = [column_values(column, ids, constants) for column in others]
    keys = [key_values(column, mine_, theirs, constants) for column, mine_, theirs in zip(key, a, b, strict=True)]
    predicate = " AND ".join([f"({effective.text})", *(f"({check.text}) IS NOT FALSE" for check in checks)])
    return _untestable_reason((*others, *key), checks, tried) or PredicateTrial(
        table=table,
        effective=effective,
        predicate=predicate,
        key=key,
        others=others,
        row_groups=synthetic_rows(keys, tried),
        passes_global_rows=access.has_global_rows(table)
        and all(gate.command is Command.SELECT for gate in effective.gates),
        global_values=tuple(access.global_values(table).items()),
    )


def _untestable_reason(
    columns: Iterable[Column], checks: Iterable[PrintedExpression], tried: Iterable[tuple[TrialValue, ...]]
) -> str:
    if any(column.generated for column in columns):
        return "compares a generated column"
    if any(not check.standalone for check in checks):
        return "is combined with a CHECK constraint that calls a user-defined function"
    if any(check.ambiguous for check in checks):
        return AMBIGUOUS
    return "" if all(tried) else "compares a column of an unsupported type"


def _relevant_columns(
    table: Relation, effective: EffectivePredicate, constraints: Sequence[PrintedExpression]
) -> tuple[frozenset[str], list[PrintedExpression]]:
    """The columns of the predicate and the CHECK constraints on them: rows that violate one are no counterexample."""
    columns = {column.name for column in table.columns}
    named, kept = effective.contents.names & columns, list[PrintedExpression]()
    waiting = [(constraint, expression_contents((constraint.text,)).names & columns) for constraint in constraints]
    while touching := [pair for pair in waiting if pair[1] & named]:
        waiting = [pair for pair in waiting if pair not in touching]
        kept += [constraint for constraint, _ in touching]
        named = named.union(*(names for _, names in touching))
    return frozenset(named), kept


EvaluationCache: TypeAlias = dict[tuple[SyntheticTable, str, tuple[tuple[str, str], ...]], PredicateResult]
"""Results of evaluations as one role: tables with the same key and predicate are evaluated once."""


def try_context(
    probe: TenantProbe, trial: PredicateTrial, context: TrialContext, progress: TrialProgress, cache: EvaluationCache
) -> None:
    """Evaluate every row in one context, unless a counterexample is known; one found in NO_CONTEXT is replaced."""
    found_in_context = progress.counterexample is not None and progress.counterexample.context != NO_CONTEXT.description
    if found_in_context or progress.timed_out:
        return
    progress.contexts += 1
    everything = [row for group in trial.row_groups for row in group]
    found = _passing(probe, trial, context, everything, progress, cache)
    if found is None and len(trial.row_groups) > 1:
        # One row that raises an error fails the statement: then each group of rows is evaluated separately.
        for group in trial.row_groups[:_GROUPS]:
            found = _passing(probe, trial, context, group, progress, cache)
            if found or progress.timed_out:
                break
    progress.rows = max(progress.rows, len(everything))
    if found:
        progress.counterexample = _counterexample(trial, found[0], context)


_GROUPS = 40


def try_other_answers(
    probe: TenantProbe, trial: PredicateTrial, context: TrialContext, progress: TrialProgress, cache: EvaluationCache
) -> None:
    """Evaluate every row in one context with other answers to what the predicate asks about its surroundings."""
    for other in other_answers(trial.predicate, trial.effective.contents):
        elsewhere = replace(context, description=f"{context.description} {other.description}")
        try_context(probe, replace(trial, predicate=other.predicate), elsewhere, progress, cache)


def _passing(  # noqa: PLR0917  # one evaluation with its state
    probe: TenantProbe,
    trial: PredicateTrial,
    context: TrialContext,
    some: Sequence[SyntheticRow],
    progress: TrialProgress,
    cache: EvaluationCache,
) -> list[SyntheticRow] | None:
    """The rows of other tenants that pass; None if the evaluation failed."""
    table = SyntheticTable(
        name=trial.table.name if trial.table.name in trial.effective.contents.names else "synthetic",
        columns=tuple((column.name, column.type_name) for column in (*trial.key, *trial.others)),
        rows=tuple(tuple(value.text for value in (*row.key, *row.other_values)) for row in some),
    )
    exact = table, trial.predicate, context.settings
    if exact not in cache:
        cache[exact] = evaluate_predicate(probe, *exact)
    passed = cache[exact]
    if passed.sqlstate is not None:
        progress.timed_out = progress.timed_out or passed.sqlstate == _TIMED_OUT
        return None
    found = [some[number] for number in passed.rows]
    return [
        row
        for row in found
        if is_other_tenants(row, trial.key, context) and not (trial.passes_global_rows and _is_everybodys(trial, row))
    ]


def _is_everybodys(trial: PredicateTrial, row: SyntheticRow) -> bool:
    """Whether a row has no tenant, or the declared values of rows that are everybody's."""
    if not trial.global_values:
        return all(value.text is None for value in row.key)
    columns = zip((*trial.key, *trial.others), (*row.key, *row.other_values), strict=True)
    found = {column.name: canonical_text(column.id_type_name, value.text) for column, value in columns}
    kinds = {column.name: column.id_type_name for column in (*trial.key, *trial.others)}
    return all(name in kinds and found[name] == canonical_text(kinds[name], text) for name, text in trial.global_values)


def _counterexample(trial: PredicateTrial, row: SyntheticRow, context: TrialContext) -> Counterexample:
    gates = trial.effective.gates
    return Counterexample(
        gates=tuple(dict.fromkeys(str(gate) for gate in gates)),
        principals=tuple(dict.fromkeys(gate.principal for gate in gates)),
        context=context.description,
        key=tuple(dict.fromkeys(value.label for value in row.key)),
        columns=tuple(_relevant_values(trial, row)),
        policies=trial.effective.policies,
        digests=trial.effective.digests,
    )


def _relevant_values(trial: PredicateTrial, row: SyntheticRow) -> Iterator[tuple[str, str]]:
    """The columns whose value differs from the default row."""
    default = trial.row_groups[0][0].other_values
    for column, value, usual in zip(trial.others, row.other_values, default, strict=True):
        if value != usual:
            yield column.name, value.label
