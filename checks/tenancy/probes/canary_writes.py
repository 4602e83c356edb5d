"""The check that one tenant cannot add, change or remove another's rows, tried on two canaries and undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.probes.attempts import AttemptResult
from checks.tenancy.probes.canary_writes_facts import CanaryWriteAttempts, RelationWriteAttempts, canary_write_attempts
from checks.tenancy.probes.causes import READ_CAUSES
from checks.tenancy.probes.probe_outcomes import inconclusive
from checks.tenancy.probes.write_side_effects import SideEffect

_EXPECTED = "every attempt on another tenant's rows held"


@check(
    "tenancy.probe.canary_writes",
    component=components.Database,
    observe=canary_write_attempts,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy.write_probes",),
    explained_by=READ_CAUSES,
)
def tenants_write_only_their_own_rows(
    facts: CanaryWriteAttempts, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """A tenant adds, changes and removes no rows but its own.

    Why: A row that is written for another tenant is trusted there; a policy that filters what is read may let it pass.
    Reads: As each tenant-bound role acting for one canary, what it can do to the other's rows: by their key, and
    standing on one row without reading it, as an UPDATE without WHERE would. Each in a savepoint of a transaction that
    is rolled back, on the writer; rows of no other tenant are touched or locked, and TRUNCATE is never tried. Numbers
    that sequences gave out are not taken back.
    Unverified when: Basewatch may not become the role, a table is locked, the database is a reader, a canary has no row
    there, or a write would set off a trigger or rule that does more than compute and that nobody vouches for.
    Fix: See what tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles say of the leaking tables.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    refused = {each.principal: each for each in facts.unprobed}
    for principal in database.tenancy.principals:
        if principal in refused:
            yield refused[principal].verdict()
            continue
        mine = [attempt for attempt in facts.attempts if attempt.principal == principal]
        unvetted = [each for of, each in facts.side_effects if of == principal and not each.approved(database, now)]
        yield judge_writes(principal, mine, unvetted, tables=facts.table_count)


def judge_writes(
    principal: str, attempts: list[RelationWriteAttempts], unapproved: Sequence[SideEffect], *, tables: int
) -> Verdict:
    """The verdict on one principal from its attempts alone, in any order."""
    leaks = _named(attempts, AttemptResult.LEAKED)
    if leaks:
        leaking = [attempt for attempt in attempts if AttemptResult.LEAKED in dict(attempt.results).values()]
        verdict = failed(
            f"{principal}, acting for one tenant, writes another's rows",
            subject=principal,
            observed="; ".join(leaks),
            expected=_EXPECTED,
            remedy="Give every policy of these tables a WITH CHECK and a USING that hold the key to the context, for "
            "each command; tenancy.rls.policies says which do not.",
        )
        return with_affected(verdict, ((principal, attempt.table) for attempt in leaking))
    tried = ((f"{a.table} ({name})", outcome) for a in attempts for name, outcome in a.outcomes)
    unclear = inconclusive(principal, tried, _EXPECTED)
    if unclear:
        return unclear
    blind = sorted({attempt.table for attempt in attempts if attempt.control is not None and not attempt.control.rows})
    if blind or not tables:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"a canary has no row that {principal} could have written, so writing none proves nothing",
            subject=principal,
            observed=", ".join(blind) or "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Plant a row of each canary in every tenant table, and see that the policies show it.",
        )
    if unapproved:
        return unverified(
            Reason.UNSUPPORTED,
            f"Some writes as {principal} were not tried, for they would set off what nobody vouches for",
            subject=principal,
            observed="; ".join(
                sorted({f"{each.command} on {each.table}: {each.approvable.name}" for each in unapproved})
            ),
            expected=_EXPECTED,
            remedy="Read each, and if a rollback undoes all it does, vouch for it in tenancy.allowed: "
            + ", ".join(sorted({str(each) for each in unapproved})),
        )
    nothing = _named(attempts, AttemptResult.INCONCLUSIVE)
    if nothing:
        summary = f"Some attempts as {principal} ended in a way that says nothing"
        observed = "; ".join(nothing)
        remedy = "A trigger or a rule decides before the policy does: judge the policy by tenancy.rls.policies."
        return unverified(
            Reason.UNSUPPORTED, summary, subject=principal, observed=observed, expected=_EXPECTED, remedy=remedy
        )
    count = sum(len(attempt.outcomes) for attempt in attempts)
    observed = (
        f"{count} attempts on {len({a.table for a in attempts})} relations held" if count else "it may write none"
    )
    return passed(
        f"{principal} writes its own tenant's rows alone", subject=principal, observed=observed, expected=_EXPECTED
    )


def _named(attempts: Sequence[RelationWriteAttempts], shown: AttemptResult) -> list[str]:
    """Every table where an attempt shows this, with the attempts that do, in order of name."""
    found: dict[str, set[str]] = {}
    for attempt in attempts:
        for name, what in attempt.results:
            if what is shown:
                found.setdefault(attempt.table, set()).add(name)
    return [f"{table} ({', '.join(sorted(names))})" for table, names in sorted(found.items())]
