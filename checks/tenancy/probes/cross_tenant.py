"""The check that one tenant cannot read another's rows, tried with two canaries and as nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import PREDICATE_CAUSES
from checks.tenancy.probes.cross_tenant_facts import CrossTenantReads, RelationReads, cross_tenant_reads
from checks.tenancy.probes.probe_outcomes import inconclusive

_EXPECTED = "each canary's own rows to itself, and no row to anybody else"


@check(
    "tenancy.probe.cross_tenant",
    component=components.Database,
    observe=cross_tenant_reads,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
    explained_by=PREDICATE_CAUSES,
)
def tenants_read_only_their_own_rows(
    facts: CrossTenantReads, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """A tenant reads no rows but its own, and one that does not exist reads none.

    Why: This is what tenants are promised; a configuration that looks right is no proof that it holds.
    Reads: As each tenant-bound role, whether there is a row in every relation it may read: as a tenant that does not
    exist, with an empty tenant and with a wildcard; and as each canary, whether there is one that is not its own.
    READ ONLY and rolled back, on the reader where there is one; no row's content is asked for.
    Unverified when: Basewatch may not become the role, a table is locked or too slow to answer, a canary has no row of
    its own to see (an empty table proves nothing), or what the role reads is in a foreign table.
    Fix: See what tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles say of the leaking tables.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    refused = {each.principal: each for each in facts.unprobed}
    for principal in database.tenancy.principals:
        if principal in refused:
            yield refused[principal].verdict()
            continue
        rows = [row for row in facts.reads if row.principal == principal]
        skipped = tuple(table for of, table in facts.skipped if of == principal)
        yield judge_reads(principal, rows, database.tenancy, now, tables=facts.table_count, skipped=skipped)


def judge_reads(
    principal: str,
    rows: list[RelationReads],
    tenancy: Tenancy,
    now: datetime,
    *,
    tables: int,
    skipped: tuple[str, ...] = (),
) -> Verdict:
    """The verdict on one principal from what it read, in any order."""
    counted = [row for row in rows if row.is_conclusive and not row.approved(tenancy, now)]
    leaks = sorted((row.table, ", ".join(row.leaks)) for row in counted if row.leaks)
    if leaks:
        verdict = failed(
            f"{principal} reads rows that are not its tenant's",
            subject=principal,
            observed="; ".join(f"{table} (as {contexts})" for table, contexts in leaks),
            expected=_EXPECTED,
            remedy="See tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles on these tables, and "
            "close what they name; a view goes by its owner's rights unless WITH (security_invoker = true).",
        )
        return with_affected(verdict, ((principal, table) for table, _ in leaks))
    unclear = inconclusive(
        principal, ((row.table, o) for row in counted for s in row.reads for o in (s.others, s.control) if o), _EXPECTED
    )
    if unclear:
        return unclear
    blind = sorted(
        {row.table for row in counted if row.has_control and any(s.control and not s.control.rows for s in row.reads)}
    )
    if blind or not tables:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"a canary sees no row of its own as {principal}, so seeing none of others proves nothing",
            subject=principal,
            observed=", ".join(blind) or "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Plant a row of each canary in every tenant table, and see that the policies show it.",
        )
    if skipped:
        return unverified(
            Reason.UNSUPPORTED,
            f"{principal} reads foreign tables, which are not asked: what a question does elsewhere is not known here",
            subject=principal,
            observed=", ".join(sorted(skipped)),
            expected=_EXPECTED,
            remedy=f"Take them from {principal}, or declare them in tenancy.shared if no tenant's row is there.",
        )
    attempts = sum(len(row.reads) for row in counted)
    observed = f"{attempts} attempts on {len(counted)} relations showed nothing of others"
    return passed(
        f"{principal} reads its own tenant's rows alone", subject=principal, observed=observed, expected=_EXPECTED
    )
