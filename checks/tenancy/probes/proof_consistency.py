"""The check that no row is read that the proof rules out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from checks.tenancy.probes.cross_tenant_facts import CrossTenantReads, cross_tenant_reads
from checks.tenancy.probes.unclear_tables import UnclearTables


@check(
    "tenancy.probe.model",
    component=components.Database,
    observe=cross_tenant_reads,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
)
def nothing_contradicts_the_proof(
    facts: CrossTenantReads, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """No row is read that the policies are proven to hide.

    Why: A proof assumes that the server enforces its catalogues. A row that contradicts it means a server defect,
    stale caches of the server, or an error in the proof of Basewatch, on which every PASS depends.
    Reads: The reads of tenancy.probe.cross_tenant, compared with the proof of the same relations, while the schema did
    not change.
    Unverified when: The schema changed during both attempts to read, or no principal could be probed.
    Fix: Keep the evidence of this run, compare the server version with the fixed ones, repeat basewatch check, and
    report the defect to PostgreSQL or to Basewatch.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    if facts.fingerprint_before != facts.fingerprint_after:
        yield unverified(
            Reason.STALE,
            "The schema changed while rows were read, so that the proof may not apply to them",
            remedy="Run the check again after the migration.",
        )
        return
    proven = [row for row in facts.reads if row.proven]
    broken = sorted((row.principal, row.table, row.leaks) for row in proven if row.leaks)
    for principal, table, contexts in broken:
        verdict = failed(
            f"The proof and the database disagree: {principal} reads rows of {table} that are proven to be hidden",
            subject=f"{principal} {table}",
            observed=f"rows as {', '.join(contexts)}, under fingerprint {facts.fingerprint_before[:16]}",
            expected="no row, as proven",
            remedy="Keep the evidence of this run. If tenancy.rls.engine reports a server fault, update the server. If "
            "not, the proof is wrong: report it with the policies of the table (view pg_policies), and until then let "
            "each permissive policy compare the tenant key with the context and nothing else.",
        )
        yield with_affected(verdict, [(principal, table)])
    if broken:
        return
    conclusive = [row for row in proven if not row.inconclusive]
    if not facts.reads and facts.unprobed:
        first = facts.unprobed[0]
        summary = "No principal could be probed"
        verdict = unverified(Reason.DENIED, summary, observed=first.detail, remedy=first.remedy)
        yield replace(verdict, source=first.source, action=first.action)
    elif proven and not conclusive:
        unclear = UnclearTables.of(
            "a principal", "no row, as proven", ((r.table, "", o) for r in proven for o in r.inconclusive)
        )
        yield replace(unclear.judge_together(), subject="")
    elif not proven:
        yield not_applicable(
            "No policy is proven that a row could contradict", observed=f"{len(facts.reads)} relations read"
        )
    else:
        attempts = sum(len(row.reads) for row in conclusive)
        observed = f"{attempts} attempts on {len(conclusive)} proven pairs of principal and relation"
        yield passed("No row contradicts the proof", observed=observed, expected="no row, as proven")
