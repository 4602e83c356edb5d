"""The check that every single tenant, acting in turn, sees its own rows alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import READ_CAUSES
from checks.tenancy.probes.sweep_facts import SweptTable, TenantSweep, tenant_sweep
from isolation.inventory.naming import quoted


@check(
    "tenancy.probe.sweep",
    component=components.Database,
    observe=tenant_sweep,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("sql:CONNECT", "sql:SET ROLE", "sql:SELECT of the tenant root's key"),
    promises=("tenancy.sweep",),
    explained_by=READ_CAUSES,
)
def every_tenant_reads_only_its_own_rows(
    facts: TenantSweep, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """Every tenant, acting in turn, reads none of another tenant's rows in any tenant table.

    Why: Two canaries stand for all tenants only as far as a policy treats all alike; a sweep asks every one of them.
    Reads: The keys of the tenant root; then, as each principal and in batches on the server, whether there is a row of
    another tenant. No row leaves the server, and tenants are told by salted hashes alone.
    Unverified when: The tenants may not be read, time runs out, a table is locked, or no index leads to one's rows.
    Fix: See tenancy.rls.policies: the policy of that table lets rows of other tenants through.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    if not facts.canaries_read:
        yield _unseen(facts, database.tenancy)
        return
    tables = sorted({held.table for held in facts.tables})
    for table in tables:
        yield judge_sweep(table, facts, database.tenancy)
    for table in sorted(set(facts.skipped) - set(tables)):
        yield not_applicable(f"{table} has no tenant key of its own that a principal reads", subject=table)
    if not tables and not facts.skipped:
        yield unverified(Reason.NOT_ENOUGH_DATA, "No principal may read a tenant table, so there is nothing to sweep")


def _unseen(facts: TenantSweep, tenancy: Tenancy) -> Verdict:
    key, root = ", ".join(tenancy.root_key), tenancy.root
    why = "row security hides tenants from Basewatch" if facts.rls_active else "the canaries are not planted"
    policy = f"CREATE POLICY basewatch_reads ON {root} FOR SELECT TO ... USING (true), for Basewatch's own role"
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"The canaries are not among the tenants that could be read, so that {why}",
        observed=f"{facts.tenants_read} of {facts.tenants_total} tenants read from {root} ({key})",
        expected="all tenants, with both canaries among them",
        remedy=policy if facts.rls_active else "Plant both canaries in the root table.",
    )


def judge_sweep(table: str, facts: TenantSweep, tenancy: Tenancy) -> Verdict:
    """The verdict on one table, over all principals that read it."""
    held = [one for one in facts.tables if one.table == table]
    who = " and ".join(one.principal for one in held)
    expected = f"only its own rows, for each of {facts.tenants_total} tenants"
    leaks = [one for one in held if one.leak is not None]
    if leaks:
        verdict = failed(
            f"A tenant reads another tenant's row in {table}",
            subject=table,
            observed="; ".join(map(_told, leaks)),
            expected=expected,
        )
        return with_affected(verdict, ((one.principal, table) for one in leaks))
    tried = min(one.tenants_tried for one in held)
    stuck = [one for one in held if one.sqlstate is not None]
    observed = f"{tried} of {facts.tenants_total} tenants held, as {who}"
    if stuck:
        reason, remedy = _stuck(stuck[0])
        codes = ", ".join(sorted({f"SQLSTATE {one.sqlstate}" for one in stuck}))
        summary = f"The sweep of {table} was stopped"
        observed = f"{observed}; {codes}"
        return unverified(reason, summary, subject=table, observed=observed, expected=expected, remedy=remedy)
    if any(one.sampled for one in held):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{table} is too large to be swept without an index by tenant, so tenants were drawn at random",
            subject=table,
            observed=f"{observed}; so many miss a leak to 1 % of tenants in {0.99**tried:.0%} of draws",
            expected=expected,
            remedy=_index(table, tenancy),
        )
    if tried < facts.tenants_total:
        return unverified(
            Reason.TIMEOUT,
            f"The sweep of {table} was not finished in time",
            subject=table,
            observed=observed,
            expected=expected,
            remedy="Sweep when the database is quieter; the next pass draws other tenants first.",
        )
    hidden = "; row security stands on the root, and may hide tenants" if facts.rls_active else ""
    return passed(f"Every tenant reads its own rows alone in {table}", subject=table, observed=observed + hidden)


def _told(held: SweptTable) -> str:
    mine, theirs = held.leak or ("", "")
    return f"as {held.principal}, tenant #{mine} saw a row of #{theirs} after {held.tenants_tried} tenants"


def _stuck(held: SweptTable) -> tuple[Reason, str]:
    if held.sqlstate == "42501":
        return Reason.DENIED, f"GRANT USAGE ON LANGUAGE plpgsql TO {quoted(held.principal)}"
    if held.sqlstate in {"57014", "55P03", "40001"}:
        return Reason.TIMEOUT, "Look at the locks and the load on the database, or look again later."
    return Reason.UNSUPPORTED, "Run the table's policies by hand as that role, and see what they raise."


def _index(table: str, tenancy: Tenancy) -> str:
    key = tenancy.tenant_key(table)
    names = key if isinstance(key, tuple) else tenancy.key
    return f"CREATE INDEX CONCURRENTLY ON {table} ({', '.join(map(quoted, names))})"
