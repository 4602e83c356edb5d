"""The check that the planner ties every read and blind write of a tenant table to the context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import READ_CAUSES
from checks.tenancy.probes.planner_conditions import KeyBinding
from checks.tenancy.probes.planner_facts import BUSY_SQLSTATES, StatementPlan, StatementPlans, statement_plans


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
    """Every plan over a tenant table holds each row it reads, changes or removes to the tenant in the context.

    Why: A policy counts as the server applies it: a switch, an exempt role or a constant context shows in the plan.
    Reads: EXPLAIN of a SELECT, a blind UPDATE and a blind DELETE as each principal, for two canaries; none is executed.
    Unverified when: Basewatch may not become the role, a table is locked, or a condition cannot be told from its text.
    Fix: Enable and force row-level security, and compare the key with the context in a STABLE expression.
    Source: https://www.postgresql.org/docs/15/sql-explain.html
    """
    for principal in database.tenancy.principals:
        yield judge_plans(principal, facts, database.tenancy, now)


_REFUSED = "42501"


def judge_plans(principal: str, facts: StatementPlans, tenancy: Tenancy, now: datetime) -> Verdict:
    """The verdict on one principal from its plans alone."""
    own = [statement for statement in facts.statements if statement.principal == principal]
    expected = "a condition on the tenant key and the context on every scan"
    if not facts.table_count:
        return unverified(Reason.NOT_ENOUGH_DATA, "There is no tenant table to plan for", subject=principal)
    if not own:
        return not_applicable(f"{principal} may read, update or delete in no tenant table", subject=principal)
    open_, folded = [s for s in own if _open(s)], [s for s in own if s.folded]
    if open_ or folded:
        what = "scans tenant tables without asking for the tenant" if open_ else "has the tenant as a constant in plans"
        observed = [f"no condition on the tenant: {_named(open_)}"] if open_ else []
        observed += [f"the context is a constant of the plan: {_named(folded)}"] if folded else []
        remedy = _ENFORCE if open_ else _STABLE
        text = "; ".join(observed)
        verdict = failed(f"{principal} {what}", subject=principal, observed=text, expected=expected, remedy=remedy)
        return with_affected(verdict, ((principal, s.table) for s in (*open_, *folded)))
    waived = {waiver.digest for waiver in tenancy.waivers if waiver.is_valid_for(waiver.digest, now)}
    doubtful = [(s, doubt) for s in own if s.digest not in waived for doubt in _doubts(s)]
    if doubtful:
        busy = all(s.sqlstate in BUSY_SQLSTATES for s, _ in doubtful)
        return unverified(
            Reason.TIMEOUT if busy else Reason.UNSUPPORTED,
            f"Some plans of {principal} do not tell whether they hold rows to the tenant",
            subject=principal,
            observed="; ".join(f"{s.table} {s.command}: {doubt}" for s, doubt in doubtful),
            expected=expected,
            remedy="Look again when the lock is gone." if busy else _UNTOLD,
        )
    tables = len({s.table for s in own})
    observed_ = f"{len(own)} statements on {tables} tables, {sum(len(s.scans) for s in own)} scans"
    return passed(f"Every plan of {principal} holds its rows to the tenant", subject=principal, observed=observed_)


_ENFORCE = (
    "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, and FORCE it; ALTER ROLE ... NOBYPASSRLS; drop the policy for that "
    "command that names neither the key nor the context. tenancy.rls.policies says which."
)
_STABLE = (
    "ALTER FUNCTION ... STABLE for the function that reads the context and is declared IMMUTABLE: a plan that is kept "
    "shows one tenant's rows to the next."
)
_UNTOLD = "Read what tenancy.rls.policies says of these tables: a plan confirms a proof, and never replaces one."


def _open(statement: StatementPlan) -> bool:
    return not statement.folded and any(not scan.some_rows for scan in statement.scans)


def _doubts(statement: StatementPlan) -> Iterator[str]:
    if statement.sqlstate is not None and statement.sqlstate != _REFUSED:
        yield f"SQLSTATE {statement.sqlstate}"
    for scan in statement.scans:
        if not scan.every_row:
            yield f"some rows of {scan.table} pass by another condition"
        elif set(scan.bindings) <= {KeyBinding.FUNCTION}:
            yield f"{scan.table} is held by a function that nobody vouches for"


def _named(statements: Iterable[StatementPlan]) -> str:
    return ", ".join(f"{s.table} {s.command}" for s in statements)
