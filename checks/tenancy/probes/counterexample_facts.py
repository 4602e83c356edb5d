"""The search for counterexamples: policies evaluated on synthetic rows, for every tenant table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from basewatch import components
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.effective_predicates import (
    NOT_STANDALONE,
    PrintedExpression,
    effective_predicates,
    reads_current_user,
)
from checks.tenancy.probes.predicate_trials import (
    Counterexample,
    EvaluationCache,
    PredicateTrial,
    TrialProgress,
    predicate_trial,
    try_context,
    try_other_answers,
)
from checks.tenancy.probes.trial_rows import NO_CONTEXT, TrialContext, flag_contexts, trial_contexts
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.locks import read_past_locks
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSearch:
    """The result of the search on one table; `untestable` are the reasons why predicates could not be evaluated."""

    table: str
    predicates: int
    rows: int
    contexts: int
    counterexamples: tuple[Counterexample, ...]
    untestable: tuple[str, ...]
    timed_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterexampleSearches:
    """The searches on all tenant tables; `fresh_session` says that one session had no context."""

    tables: tuple[TableSearch, ...]
    fresh_session: bool


def counterexample_searches(database: DatabaseClient, component: components.Database) -> CounterexampleSearches:
    """Reads the policies and evaluates them on synthetic rows; no table is read. Raises: ObservationError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    statement = load_statement("tenancy_expressions")
    printed = read_past_locks(database, lambda locked: database.query(statement, PrintedExpression, locked))
    texts = {(one.oid, one.part): one for one in printed}
    constraints = [one for one in printed if one.part == "constraint"]
    trials = dict[int, list[PredicateTrial]]()
    untestable: dict[int, list[str]] = defaultdict(list)
    for table in access.tenant_tables():
        found = [predicate_trial(access, table, one, constraints) for one in effective_predicates(access, table, texts)]
        trials[table.oid] = [one for one in found if isinstance(one, PredicateTrial)]
        untestable[table.oid] += [one for one in found if isinstance(one, str)]
        untestable[table.oid] += [NOT_STANDALONE for one in trials[table.oid] if one.effective.is_partial]
    progress, fresh = _search(database, tenancy, [one for each in trials.values() for one in each])
    return CounterexampleSearches(
        tables=tuple(
            _table_search(access, table, [progress[id(one)] for one in trials[table.oid]], untestable[table.oid])
            for table in access.tenant_tables()
        ),
        fresh_session=fresh,
    )


def _table_search(
    access: EffectiveAccess, table: Relation, results: list[TrialProgress | str], untestable: list[str]
) -> TableSearch:
    tried = [one for one in results if isinstance(one, TrialProgress)]
    return TableSearch(
        table=access.declared_name(table),
        predicates=len(tried),
        rows=sum(one.rows for one in tried),
        contexts=max((one.contexts for one in tried), default=0),
        counterexamples=tuple(one.counterexample for one in tried if one.counterexample is not None),
        untestable=tuple(dict.fromkeys([*untestable, *(one for one in results if isinstance(one, str))])),
        timed_out=any(one.timed_out for one in tried),
    )


def _search(
    database: DatabaseClient, tenancy: Tenancy, trials: list[PredicateTrial]
) -> tuple[dict[int, TrialProgress | str], bool]:
    """The progress of each trial by its id(), or why it was not made; and whether a session had no context."""
    progress: dict[int, TrialProgress | str] = {id(one): TrialProgress() for one in trials}
    by_role: dict[str, list[PredicateTrial]] = defaultdict(list)
    for one in trials:
        by_role[one.effective.gates[0].role if reads_current_user(one.effective.contents) else ""].append(one)
    fresh = True
    # A custom setting cannot be unset again in a session: trials without a context come first.
    rounds: tuple[Callable[[PredicateTrial], tuple[TrialContext, ...]], ...] = (
        lambda _: (NO_CONTEXT,),
        lambda one: trial_contexts(tenancy, one.effective.contents, one.key),
        lambda one: flag_contexts(tenancy, one.effective.contents),
    )
    for number, contexts in enumerate(rounds):
        for role, of_role in by_role.items():
            try:
                with database.probe_as(role or database.principal, tenancy) as probe:
                    if number == 0 and any(value is not None for value in probe.context_values()):
                        fresh = False
                        continue
                    _run_trials(probe, of_role, contexts, progress)
            except ObservationError as error:
                if error.reason is not Reason.DENIED:
                    raise
                progress.update(
                    (id(one), f"depends on the current user; {error.remedy} to evaluate it") for one in of_role
                )
    return progress, fresh


def _run_trials(
    probe: TenantProbe,
    trials: list[PredicateTrial],
    contexts: Callable[[PredicateTrial], tuple[TrialContext, ...]],
    progress: dict[int, TrialProgress | str],
) -> None:
    cache: EvaluationCache = {}
    for one in trials:
        state = progress[id(one)]
        if isinstance(state, TrialProgress):
            for context in contexts(one):
                try_context(probe, one, context, state, cache)
                if context.in_other_surroundings:
                    try_other_answers(probe, one, context, state, cache)
