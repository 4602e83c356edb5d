"""The check that every tenant, in turn, reads only its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres.whole_scans import SAMPLED_BLOCKS
from basewatch.tenancy import Tenancy
from checks.tenancy.probes import READ_CAUSES
from checks.tenancy.probes.part_reads import BARE_KEY
from checks.tenancy.probes.sweep_facts import SweptTable, TenantSweep, tenant_sweep
from checks.tenancy.probes.tenants_sql import reading_policy
from isolation.inventory.naming import qualified, quoted


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
    """Every tenant, in turn, reads no row of another tenant in any tenant table.

    Why: Two canaries represent all tenants only if policies treat all tenants alike; a sweep tests every tenant.
    Reads: The keys of the tenant root; then, as each principal and in batches on the server, whether a row of another
    tenant can be read, by an index on the key. No row leaves the server, and tenants are reported as salted hashes.
    Unverified when: Basewatch may not read the tenants, time runs out, or a table is locked or is large
    and has no index by tenant.
    Fix: See tenancy.rls.policies: the policy of that table lets rows of other tenants through.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    if not facts.canaries_read:
        yield _canaries_missing(facts, database.tenancy)
        return
    for refused in facts.unprobed:
        yield refused.verdict()
    tables = sorted({result.table for result in facts.tables})
    for table in tables:
        yield judge_sweep(table, facts)
    for table in sorted(set(facts.skipped) - set(tables)):
        yield not_applicable(f"{table} has no tenant key of its own that a principal reads", subject=table)
    if not tables and not facts.skipped and not facts.unprobed:
        if facts.tables_total:
            yield not_applicable("No principal may read a tenant table", observed=f"{facts.tables_total} tables")
        else:
            yield unverified(Reason.NOT_ENOUGH_DATA, "No table has the tenant key")


def _canaries_missing(facts: TenantSweep, tenancy: Tenancy) -> Verdict:
    key, root = ", ".join(tenancy.root_key), tenancy.root
    why = "row security hides tenants from Basewatch" if facts.rls_active else "the canaries do not exist"
    schema, _, name = root.rpartition(".")
    policy = reading_policy(qualified(schema or tenancy.schemas[0], name), facts.login)
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"The canaries are not among the tenants that were read: {why}",
        observed=f"{facts.tenants_read} of {facts.tenants_total} tenants read from {root} ({key})",
        expected="all tenants, with both canaries among them",
        remedy=policy if facts.rls_active else "Insert both canaries into the root table.",
    )


def judge_sweep(table: str, facts: TenantSweep) -> Verdict:
    """The verdict on one table, over all principals that may read it."""
    results = [one for one in facts.tables if one.table == table]
    who = " and ".join(one.principal for one in results)
    expected = f"only own rows, for each of {facts.tenants_total} tenants"
    leaks = [one for one in results if one.leak is not None]
    if leaks:
        verdict = failed(
            f"A tenant can read a row of another tenant in {table}",
            subject=table,
            observed="; ".join(map(_leak_text, leaks)),
            expected=expected,
        )
        return with_affected(verdict, ((one.principal, table) for one in leaks))
    tried = min(one.tenants_tried for one in results)
    stopped = [one for one in results if one.sqlstate is not None]
    observed = f"{tried} of {facts.tenants_total} tenants isolated, as {who}"
    if stopped:
        reason, remedy = _stop_reason(stopped[0])
        codes = ", ".join(sorted({f"SQLSTATE {one.sqlstate}" for one in stopped}))
        summary = f"The sweep of {table} was stopped"
        observed = f"{observed}; {codes}"
        return unverified(reason, summary, subject=table, observed=observed, expected=expected, remedy=remedy)
    if any(one.sampled for one in results):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{table} is too large for a sweep, as no index answers its policies: only samples of it were read",
            subject=table,
            observed=f"{tried} tenants found no row of another in samples of {SAMPLED_BLOCKS} blocks, as {who}",
            expected=expected,
            remedy=" ".join(dict.fromkeys(each for one in results for each in one.missing)) or BARE_KEY,
        )
    if tried < facts.tenants_total:
        return unverified(
            Reason.TIMEOUT,
            f"The sweep of {table} did not finish in time",
            subject=table,
            observed=observed,
            expected=expected,
            remedy="Run the sweep at lower load; the next pass starts with other tenants.",
        )
    hidden = "; row security applies to the tenant root and may hide tenants" if facts.rls_active else ""
    return passed(f"Every tenant reads only its own rows in {table}", subject=table, observed=observed + hidden)


def _leak_text(result: SweptTable) -> str:
    mine, theirs = result.leak or ("", "")
    return f"as {result.principal}, tenant #{mine} read a row of #{theirs}, after {result.tenants_tried} tenants"


def _stop_reason(result: SweptTable) -> tuple[Reason, str]:
    if result.sqlstate == "42501":
        return Reason.DENIED, f"GRANT USAGE ON LANGUAGE plpgsql TO {quoted(result.principal)}"
    if result.sqlstate in {"57014", "55P03", "40001"}:
        return Reason.TIMEOUT, "Check the locks and the load on the database, or run the check again later."
    return Reason.UNSUPPORTED, "Query the table as that role, and fix the error that its policies raise."
