"""The check that no counterexample to the policies is found: a made-up row of another tenant that would pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres import DatabaseClient
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import CATALOG_CAUSES
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
)
from checks.tenancy.probes.trial_rows import NO_CONTEXT, TrialContext, flag_contexts, trial_contexts
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSearch:
    """What the search on one table came to; `untestable` are its predicates that could not be, with the reason."""

    table: str
    predicates: int
    rows: int
    contexts: int
    counterexamples: tuple[Counterexample, ...]
    untestable: tuple[str, ...]
    timed_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterexampleSearches:
    """The search on every tenant table; `fresh_session` says that a session without any context was among what was tried."""

    tables: tuple[TableSearch, ...]
    fresh_session: bool


def counterexample_searches(database: DatabaseClient, component: components.Database) -> CounterexampleSearches:
    """Reads the policies and evaluates them on rows that are made up; no table is read. Raises: ObservationError."""
    tenancy = component.tenancy
    here = effective_access(inventory(database, component), tenancy)
    printed = database.query(load_statement("tenancy_expressions"), PrintedExpression, {})
    texts = {(one.oid, one.part): one for one in printed}
    constraints = [one for one in printed if one.part == "constraint"]
    asked = dict[int, list[PredicateTrial]]()
    untried: dict[int, list[str]] = defaultdict(list)
    for table in here.tenant_tables():
        found = [predicate_trial(here, table, one, constraints) for one in effective_predicates(here, table, texts)]
        asked[table.oid] = [one for one in found if isinstance(one, PredicateTrial)]
        untried[table.oid] += [one for one in found if isinstance(one, str)]
        untried[table.oid] += [NOT_STANDALONE for one in asked[table.oid] if one.effective.is_partial]
    progress, fresh = _search(database, tenancy, [one for each in asked.values() for one in each])
    return CounterexampleSearches(
        tables=tuple(
            _searched(here, table, [progress[id(one)] for one in asked[table.oid]], untried[table.oid])
            for table in here.tenant_tables()
        ),
        fresh_session=fresh,
    )


def _searched(
    access: EffectiveAccess, table: Relation, found: list[TrialProgress | str], untried: list[str]
) -> TableSearch:
    tried = [one for one in found if isinstance(one, TrialProgress)]
    return TableSearch(
        table=access.declared_name(table),
        predicates=len(tried),
        rows=sum(one.rows for one in tried),
        contexts=max((one.contexts for one in tried), default=0),
        counterexamples=tuple(one.counterexample for one in tried if one.counterexample is not None),
        untestable=tuple(dict.fromkeys([*untried, *(one for one in found if isinstance(one, str))])),
        timed_out=any(one.timed_out for one in tried),
    )


def _search(
    database: DatabaseClient, tenancy: Tenancy, asked: list[PredicateTrial]
) -> tuple[dict[int, TrialProgress | str], bool]:
    """How each question went, by its identity, or why it was not asked; and whether a session had no context at all."""
    came: dict[int, TrialProgress | str] = {id(one): TrialProgress() for one in asked}
    by_role: dict[str, list[PredicateTrial]] = defaultdict(list)
    for one in asked:
        by_role[one.effective.gates[0].role if reads_current_user(one.effective.contents) else ""].append(one)
    fresh = True
    # A setting that was once set is never unset again on a session: what is asked without any comes first.
    rounds: tuple[Callable[[PredicateTrial], tuple[TrialContext, ...]], ...] = (
        lambda _: (NO_CONTEXT,),
        lambda one: trial_contexts(tenancy, one.effective.contents),
        lambda one: flag_contexts(tenancy, one.effective.contents),
    )
    for number, tried in enumerate(rounds):
        for role, questions in by_role.items():
            try:
                with _as(database, tenancy, role) as probe:
                    if number == 0 and any(value is not None for value in probe.context_values()):
                        fresh = False
                        continue
                    _ask(probe, questions, tried, came)
            except ObservationError as error:
                if error.reason is not Reason.DENIED:
                    raise
                came.update((id(one), f"asks who is asking; {error.remedy} to try it") for one in questions)
    return came, fresh


def _as(database: DatabaseClient, tenancy: Tenancy, role: str) -> AbstractContextManager[TenantProbe]:
    return database.probe_as(role or database.principal, tenancy)


def _ask(
    probe: TenantProbe,
    questions: list[PredicateTrial],
    tried: Callable[[PredicateTrial], tuple[TrialContext, ...]],
    came: dict[int, TrialProgress | str],
) -> None:
    before: EvaluationCache = {}
    for one in questions:
        progress = came[id(one)]
        if isinstance(progress, TrialProgress):
            for context in tried(one):
                try_context(probe, one, context, progress, before)


@check(
    "tenancy.probe.counterexample",
    component=components.Database,
    observe=counterexample_searches,
    severity=Severity.CRITICAL,
    proof=Proof.SAMPLE,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
    explained_by=CATALOG_CAUSES,
)
def no_counterexample_is_found(
    facts: CounterexampleSearches, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """No row of another tenant, however it is made up, is found to pass a policy.

    Why: A leak that no row shows today is there all the same; a made-up row shows it, with no data at risk.
    Reads: Policies and CHECK constraints from the catalogues, evaluated by the server on rows that do not exist.
    Unverified when: Evaluating a policy takes too long, or it asks who is asking and Basewatch may not be that role.
    Fix: Compare the tenant key with the context in every branch of the policy, and with nothing else.
    Source: https://www.postgresql.org/docs/15/sql-createpolicy.html
    """
    if not facts.tables:
        yield unverified(Reason.NOT_ENOUGH_DATA, "There is no tenant table to search")
    for table in facts.tables:
        yield judge_search(table, database.tenancy, now, fresh=facts.fresh_session)


def judge_search(found: TableSearch, tenancy: Tenancy, now: datetime, *, fresh: bool) -> Verdict:
    """The verdict on one table; a witness to a predicate that somebody vouches for counts for nothing."""
    accepted = {waiver.digest for waiver in tenancy.waivers if waiver.is_valid_for(waiver.digest, now)}
    witnesses = [one for one in found.counterexamples if not set(one.digests) <= accepted]
    table, expected = found.table, "a predicate that is TRUE for the acting tenant's rows alone"
    if witnesses:
        verdict = failed(
            f"A row of someone else would pass the policies of {table}",
            subject=table,
            observed="; ".join(map(_told, witnesses)),
            expected=expected,
            remedy=_repair(witnesses[0], table, tenancy),
        )
        return with_affected(verdict, ((who, table) for witness in witnesses for who in witness.principals))
    untried = f"not tried: a predicate that {', one that '.join(found.untestable)}" if found.untestable else ""
    denied = [reason for reason in found.untestable if "GRANT" in reason]
    if found.timed_out or denied:
        return unverified(
            Reason.TIMEOUT if found.timed_out else Reason.DENIED,
            f"The search for a row of someone else in {table} was not finished",
            subject=table,
            observed=untried or "evaluating a policy took too long",
            expected=expected,
            remedy=denied[0] if denied else "Look at the load on the database, and at what the policy calls.",
        )
    if not found.predicates:
        what = f"No predicate of {table} can be tried apart from the database; tenancy.rls.policies proves them"
        return not_applicable(what, subject=table, observed=untried or "no principal passes a policy of it")
    observed = [f"{found.predicates} predicates, {found.rows} rows, {found.contexts} contexts each"]
    observed += [untried] if untried else []
    observed += [] if fresh else ["no session without a context was to be had"]
    return passed(
        f"No row of someone else was found to pass the policies of {table}", subject=table, observed="; ".join(observed)
    )


def _told(witness: Counterexample) -> str:
    told = " and ".join(f"{column} = {word}" for column, word in witness.columns)
    row = f"a row of {' and '.join(witness.key)}{f' with {told}' if told else ''}"
    who = " and ".join(witness.principals)
    return (
        f"{witness.context}, {row} passes {', '.join(witness.gates)} as {who} (policies {', '.join(witness.policies)})"
    )


def _repair(witness: Counterexample, table: str, tenancy: Tenancy) -> str:
    key = tenancy.tenant_key(table)
    names = key if isinstance(key, tuple) else tenancy.key
    context = [f"nullif(current_setting('{name}', true), '')::{tenancy.context_type}" for name in tenancy.context]
    if tenancy.members is not None or len(context) != len(names):
        return ""
    mine = " AND ".join(f"{quoted(name)} = {value}" for name, value in zip(names, context, strict=True))
    policies = "; ".join(f"ALTER POLICY {quoted(name)} ON {table} USING ({mine})" for name in witness.policies)
    return f"{policies}, or DROP the policy that is not the tenants'."
