"""The check that nothing is seen which the proof rules out: one of the two would be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from checks.tenancy.probes.cross_tenant_facts import CrossTenantReads, cross_tenant_reads


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
    """No row is read that the catalogues prove to be out of reach.

    Why: A proof holds for a server that does what its catalogues say. A row seen in spite of it means that the server
    has a defect, that its caches are behind its catalogues, or that Basewatch proves wrongly; all green rests on it.
    Reads: What tenancy.probe.cross_tenant reads, beside what is proven of the same relations, for a schema that was the
    same before and after.
    Unverified when: The schema changed while it was read, twice in a row, or no principal could be probed.
    Fix: Keep the evidence of this run; compare the server's version with the fixed ones, look once more with
    basewatch check, and report it to the makers of whichever is wrong.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    if facts.fingerprint_before != facts.fingerprint_after:
        yield unverified(
            Reason.STALE,
            "the catalogues changed while rows were read, so the proof and the rows are of different moments",
            remedy="Look again when the migration is over.",
        )
        return
    proven = [row for row in facts.reads if row.proven]
    broken = sorted((row.principal, row.table, row.leaks) for row in proven if row.leaks)
    for principal, table, contexts in broken:
        verdict = failed(
            f"the proof and the database disagree: {principal} reads what is proven to be out of its reach in {table}",
            subject=f"{principal} {table}",
            observed=f"rows as {', '.join(contexts)}, under fingerprint {facts.fingerprint_before[:16]}",
            expected="no row, as proven",
            remedy="Keep this run's evidence, compare the server's version with the fixed ones, and look once more.",
        )
        yield with_affected(verdict, [(principal, table)])
    if broken:
        return
    if not facts.reads and facts.unprobed:
        first = facts.unprobed[0]
        yield unverified(Reason.DENIED, "no principal could be probed", observed=first.detail, remedy=first.remedy)
    elif not proven:
        yield not_applicable(
            "nothing is proven that a row could contradict", observed=f"{len(facts.reads)} relations read"
        )
    else:
        attempts = sum(len(row.reads) for row in proven)
        observed = f"{attempts} attempts on {len(proven)} proven pairs of principal and relation"
        yield passed("No counterexample to what is proven", observed=observed, expected="no row, as proven")
