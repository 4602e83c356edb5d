"""The check that one tenant cannot read rows of another, attempted with two canaries and without a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes import PREDICATE_CAUSES
from checks.tenancy.probes.cross_tenant_facts import CrossTenantReads, RelationReads, cross_tenant_reads
from checks.tenancy.probes.part_reads import judge_parts, parts_text
from checks.tenancy.probes.probe_outcomes import judge_principals, leak_remedy
from checks.tenancy.probes.shared_reads import judge_shared
from checks.tenancy.probes.unclear_tables import UnclearTables

_EXPECTED = "each canary reads its own rows, and no other row is read"


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
    """A tenant can read only its own rows, and a tenant that does not exist can read none.

    Why: This is the promise to tenants; a correct configuration alone does not prove that it holds.
    Reads: As each tenant-bound role, whether any row can be read from each relation that it may read: as a tenant that
    does not exist, with an empty context and with a wildcard; and as each canary, whether a row of another tenant can
    be read; and whether a declared shared table has a row with the id of a canary in any column, also in JSON.
    Transactions are READ ONLY and rolled back, on the reader where there is one; no content is read.
    Unverified when: Basewatch may not become the role, a table is locked or too slow to answer, a canary has no
    row of its own (an empty table proves nothing), a large table has no index by tenant (then only the rows of the
    canaries and a sample of blocks are read), or the role may read a foreign table.
    Fix: See the findings of tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles for these tables.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """

    def judge(principal: str) -> Iterator[Verdict]:
        reads = [each for each in facts.reads if each.principal == principal]
        skipped = tuple(table for of, table in facts.skipped if of == principal)
        return judge_reads(principal, reads, database.tenancy, now, tables=facts.table_count, skipped=skipped)

    yield from judge_principals(database.tenancy.principals, facts.unprobed, judge)
    yield from judge_shared(facts.shared, database.tenancy, now)


def judge_reads(
    principal: str,
    rows: list[RelationReads],
    tenancy: Tenancy,
    now: datetime,
    *,
    tables: int,
    skipped: tuple[str, ...] = (),
) -> Iterator[Verdict]:
    """The verdict on one principal from its reads, in any order, and one on each table with inconclusive reads."""
    counted = [row for row in rows if row.is_conclusive and not row.approved(tenancy, now)]
    unclear = UnclearTables.of(principal, _EXPECTED, ((row.table, "", o) for row in counted for o in row.inconclusive))
    shown = sorted({row.table for row in counted if row.shows_by_error})
    yield from (_shown_by_error(principal, table) for table in shown)
    leaks = sorted((row.table, ", ".join(row.leaks)) for row in counted if row.leaks)
    if leaks:
        verdict = failed(
            f"{principal} can read rows of other tenants",
            subject=principal,
            observed="; ".join(f"{table} (as {contexts})" for table, contexts in leaks),
            expected=_EXPECTED,
            remedy=leak_remedy(principal, (table for table, _ in leaks)),
        )
        yield with_affected(verdict, ((principal, table) for table, _ in leaks))
        yield from unclear.judge(without={*shown, *(table for table, _ in leaks)})
        return
    clear = [row for row in counted if row.table not in unclear]
    if unclear.attempts and not clear:
        yield unclear.judge_together()
        return
    yield from unclear.judge(without=shown)
    yield _judge_clear(principal, clear, unclear, tables=tables, skipped=skipped)


def _shown_by_error(principal: str, table: str) -> Verdict:
    verdict = failed(
        f"Reading {table} as {principal}, an error quotes a value of a row before its tenant is compared",
        subject=f"{principal} {table}",
        observed="an error about a text that a policy converts to another type, in the context of one canary alone",
        expected=_EXPECTED,
        remedy=f"Let the policies of {table} ask for the tenant first: CASE WHEN <the tenant key> = <the context> THEN "
        "<the conversion> ELSE false END. Or store the value in a column of its own type.",
        severity=Severity.HIGH,
    )
    return with_affected(verdict, [(principal, table)])


def _judge_clear(
    principal: str, counted: list[RelationReads], unclear: UnclearTables, *, tables: int, skipped: tuple[str, ...]
) -> Verdict:
    without_control = sorted(
        {row.table for row in counted if row.has_control and any(s.control and not s.control.rows for s in row.reads)}
    )
    if without_control or not tables:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"A canary reads no row of its own as {principal}, so reading none of others proves nothing",
            subject=principal,
            observed=", ".join(without_control) or "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Insert a row of each canary into every tenant table, and check that the canary can read its row.",
        )
    parts = [row.part for row in counted if row.part is not None]
    if in_part := judge_parts(principal, parts, _EXPECTED):
        return in_part
    if skipped:
        return unverified(
            Reason.UNSUPPORTED,
            f"{principal} may read foreign tables, which are not probed: a query would run on another server",
            subject=principal,
            observed=", ".join(sorted(skipped)),
            expected=_EXPECTED,
            remedy=f"Revoke them from {principal}, or declare them in tenancy.shared if they hold no rows of tenants.",
        )
    attempts = sum(len(row.reads) for row in counted)
    observed = f"{attempts} attempts on {len(counted)} relations read no row of another tenant"
    observed += parts_text(parts) + unclear.others()
    return passed(
        f"{principal} can read only rows of its own tenant", subject=principal, observed=observed, expected=_EXPECTED
    )
