"""The check that no counterexample to the policies is found: a synthetic row of another tenant that passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes import CATALOG_CAUSES
from checks.tenancy.probes.counterexample_facts import CounterexampleSearches, TableSearch, counterexample_searches
from checks.tenancy.probes.effective_predicates import AMBIGUOUS, LOCKED
from checks.tenancy.probes.predicate_trials import Counterexample
from isolation.inventory.naming import quoted


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
    """No synthetic row of another tenant is found that passes a policy.

    Why: A policy may leak rows that do not exist yet; a synthetic row reveals it without touching data.
    Reads: Policies and CHECK constraints from the catalogues, evaluated by the server on synthetic rows.
    Unverified when: Evaluating a policy takes too long, it depends on a role that Basewatch may not become, or its text
    may mean something else than what is stored, after a cast or an object in pg_catalog was added.
    Fix: Compare the tenant key with the context, and nothing else, in every branch of the policy.
    Source: https://www.postgresql.org/docs/15/sql-createpolicy.html
    """
    if not facts.tables:
        yield unverified(Reason.NOT_ENOUGH_DATA, "There is no tenant table to search")
    for table in facts.tables:
        yield judge_search(table, database.tenancy, now, fresh=facts.fresh_session)


def judge_search(found: TableSearch, tenancy: Tenancy, now: datetime, *, fresh: bool) -> Verdict:
    """The verdict on one table; a counterexample to a waived predicate does not count."""
    accepted = {waiver.digest for waiver in tenancy.approved_predicates if waiver.is_valid_for(waiver.digest, now)}
    counterexamples = [one for one in found.counterexamples if not set(one.digests) <= accepted]
    table, expected = found.table, "a predicate that is TRUE only for rows of the tenant in the context"
    if counterexamples:
        verdict = failed(
            f"A row of another tenant would pass the policies of {table}",
            subject=table,
            observed="; ".join(map(_description, counterexamples)),
            expected=expected,
            remedy=_repair(counterexamples[0], table, tenancy),
        )
        return with_affected(verdict, ((who, table) for each in counterexamples for who in each.principals))
    untestable = f"not evaluated: a predicate that {', one that '.join(found.untestable)}" if found.untestable else ""
    if unsearched := _unsearched(found):
        reason, remedy = unsearched
        return unverified(
            reason,
            f"The search for a row of another tenant in {table} was not completed",
            subject=table,
            observed=untestable or "evaluating a policy took too long",
            expected=expected,
            remedy=remedy,
        )
    if not found.predicates:
        what = f"No predicate of {table} can be evaluated without its table; see tenancy.rls.policies"
        return not_applicable(what, subject=table, observed=untestable or "no policy of it applies to a principal")
    observed = [f"{found.predicates} predicates, {found.rows} rows, up to {found.contexts} contexts each"]
    observed += [untestable] if untestable else []
    observed += [] if fresh else ["no session without a context was available"]
    return passed(
        f"No row of another tenant was found that passes the policies of {table}",
        subject=table,
        observed="; ".join(observed),
    )


_DROP_ADDED = (
    "DROP CAST for casts between built-in types, and DROP what was added to pg_catalog: the text of a policy, as a "
    "dump restores it, then means what is stored again. tenancy.rls.policies judges what is stored."
)


def _unsearched(found: TableSearch) -> tuple[Reason, str] | None:
    """Why a search was not completed, with the remedy; None if it was."""
    denied = [reason for reason in found.untestable if "GRANT" in reason]
    if found.timed_out:
        return Reason.TIMEOUT, "Check the load on the database, and the functions that the policy calls."
    if denied:
        return Reason.DENIED, denied[0]
    if LOCKED in found.untestable:
        return Reason.TIMEOUT, "Run the check again when the lock is released."
    if AMBIGUOUS in found.untestable:
        return Reason.UNSUPPORTED, _DROP_ADDED
    return None


def _description(found: Counterexample) -> str:
    columns = " and ".join(f"{column} = {word}" for column, word in found.columns)
    row = f"a row of {' and '.join(found.key)}{f' with {columns}' if columns else ''}"
    who = " and ".join(found.principals)
    return f"{found.context}, {row} passes {', '.join(found.gates)} as {who} (policies {', '.join(found.policies)})"


def _repair(found: Counterexample, table: str, tenancy: Tenancy) -> str:
    key = tenancy.tenant_key(table)
    names = key if isinstance(key, tuple) else tenancy.key
    context = [f"nullif(current_setting('{name}', true), '')::{tenancy.context_type}" for name in tenancy.context]
    if tenancy.members is not None or tenancy.claim is not None or len(context) != len(names):
        return ""
    mine = " AND ".join(f"{quoted(name)} = {value}" for name, value in zip(names, context, strict=True))
    policies = "; ".join(f"ALTER POLICY {quoted(name)} ON {table} USING ({mine})" for name in found.policies)
    return f"{policies}, or DROP the policy if it is not meant for tenants."
