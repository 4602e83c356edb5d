"""The check that plans of reads and unfiltered writes of tenant tables are bound to the context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres.probe_types import ProbeOutcome
from basewatch.tenancy import Tenancy
from checks.tenancy.probes import READ_CAUSES
from checks.tenancy.probes.planner_conditions import KeyBinding
from checks.tenancy.probes.planner_facts import StatementPlan, StatementPlans, statement_plans
from checks.tenancy.probes.probe_outcomes import judge_principals, leak_remedy
from checks.tenancy.probes.unclear_tables import UnclearTables


@check(
    "tenancy.probe.planner",
    component=components.Database,
    observe=statement_plans,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
    explained_by=READ_CAUSES,
)
def every_scan_is_bound_to_the_context(
    facts: StatementPlans, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """Every plan over a tenant table restricts the rows that it reads, changes or removes to the tenant in the context.

    Why: A plan shows how the server applies the policies: with row security disabled, an exempt role, or a constant
    context.
    Reads: EXPLAIN of a SELECT, an UPDATE and a DELETE without WHERE as each principal, for two canaries; not executed.
    Unverified when: Basewatch may not become the role, a table is locked, or a condition cannot be analysed.
    Fix: Enable and force row-level security, and compare the key with the context in a STABLE expression.
    Source: https://www.postgresql.org/docs/15/sql-explain.html
    """

    def judge(principal: str) -> Iterator[Verdict]:
        return judge_plans(principal, facts, database.tenancy, now)

    yield from judge_principals(database.tenancy.principals, facts.unprobed, judge)


_REFUSED = "42501"
_EXPECTED = "a condition on the tenant key and the context on every scan"


def judge_plans(principal: str, facts: StatementPlans, tenancy: Tenancy, now: datetime) -> Iterator[Verdict]:
    """The verdict on one principal from its plans, and one on each table for which a statement cannot be planned."""
    own = [statement for statement in facts.statements if statement.principal == principal]
    if not facts.table_count:
        yield unverified(Reason.NOT_ENOUGH_DATA, "There is no tenant table to plan statements for", subject=principal)
        return
    if not own:
        yield not_applicable(f"{principal} may not read, update or delete in any tenant table", subject=principal)
        return
    failing = [
        (s.table, s.command, ProbeOutcome(sqlstate=s.sqlstate)) for s in own if s.sqlstate not in {None, _REFUSED}
    ]
    unclear = UnclearTables.of(principal, _EXPECTED, failing)
    unbound, folded = [s for s in own if _is_unbound(s)], [s for s in own if s.folded]
    if unbound or folded:
        yield _unrestricted(principal, unbound, folded)
        yield from unclear.judge(without={s.table for s in (*unbound, *folded)})
    elif all(s.table in unclear for s in own):
        yield unclear.judge_together()
    else:
        yield from unclear.judge()
        yield _judge_clear(principal, [s for s in own if s.table not in unclear], unclear, tenancy, now)


def _unrestricted(principal: str, unbound: list[StatementPlan], folded: list[StatementPlan]) -> Verdict:
    what = (
        "scans tenant tables without a condition on the tenant" if unbound else "has the tenant as a constant in plans"
    )
    observed = [f"no condition on the tenant: {_statement_names(unbound)}"] if unbound else []
    observed += [f"the context is a constant in the plan: {_statement_names(folded)}"] if folded else []
    remedy = leak_remedy(principal, (s.table for s in unbound)) if unbound else _STABLE
    text = "; ".join(observed)
    verdict = failed(f"{principal} {what}", subject=principal, observed=text, expected=_EXPECTED, remedy=remedy)
    return with_affected(verdict, ((principal, s.table) for s in (*unbound, *folded)))


def _judge_clear(
    principal: str, own: list[StatementPlan], failing: UnclearTables, tenancy: Tenancy, now: datetime
) -> Verdict:
    waived = {waiver.digest for waiver in tenancy.approved_predicates if waiver.is_valid_for(waiver.digest, now)}
    unclear = [(s, reason) for s in own if not s.proven and s.digest not in waived for reason in _unclear_scans(s)]
    if unclear:
        return unverified(
            Reason.UNSUPPORTED,
            f"Some plans of {principal} could not be analysed",
            subject=principal,
            observed="; ".join(f"{s.table} {s.command}: {reason}" for s, reason in unclear),
            expected=_EXPECTED,
            remedy=_SEE_PROOF,
        )
    tables = len({s.table for s in own})
    observed = f"{len(own)} statements on {tables} tables, {sum(len(s.scans) for s in own)} scans{failing.others()}"
    return passed(f"Every plan of {principal} restricts rows to the tenant", subject=principal, observed=observed)


_STABLE = (
    "Declare the function that reads the context as STABLE, as tenancy.rls.policies says: a cached plan would expose "
    "rows of one tenant to the next."
)
_SEE_PROOF = "See tenancy.rls.policies for these tables: a plan can confirm a proof, but not replace one."


def _is_unbound(statement: StatementPlan) -> bool:
    return not statement.folded and any(not scan.some_rows for scan in statement.scans)


def _unclear_scans(statement: StatementPlan) -> Iterator[str]:
    for scan in statement.scans:
        if not scan.every_row:
            yield f"some rows of {scan.table} pass by a condition without the tenant"
        elif set(scan.bindings) <= {KeyBinding.FUNCTION}:
            yield f"{scan.table} is restricted by a function that is not approved"


def _statement_names(statements: Iterable[StatementPlan]) -> str:
    return ", ".join(f"{s.table} {s.command}" for s in statements)
