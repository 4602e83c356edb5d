"""The check that one tenant cannot write rows of another, attempted with two canaries and rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from basewatch import components
from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.probes import READ_CAUSES
from checks.tenancy.probes.canary_writes_facts import CanaryWriteAttempts, canary_write_attempts
from checks.tenancy.probes.part_reads import BARE_KEY
from checks.tenancy.probes.probe_outcomes import AttemptResult, judge_principals, leak_remedy
from checks.tenancy.probes.unclear_tables import UnclearTables
from checks.tenancy.probes.write_attempts import RelationWriteAttempts
from checks.tenancy.probes.write_side_effects import SideEffect

_EXPECTED = "every attempt on rows of another tenant is blocked"


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
    """A tenant can insert, update and delete only its own rows.

    Why: The other tenant trusts a row written into its data; a policy that filters reads may still allow such a write.
    Reads: As each tenant-bound role, acting for one canary, attempts to write rows of the other: by key, and at a
    cursor without reading the row, as an UPDATE without WHERE does. Each attempt runs in a savepoint of a transaction
    that is rolled back, on the writer. Where a trigger or a rule may replace the tenant key that is sent, the row that
    it stored decides. Rows of other tenants are not changed or locked, no sequence is advanced, and TRUNCATE is never
    attempted.
    Unverified when: Basewatch may not become the role, a table is locked, the database is a reader, a canary has no row
    in it, or a write would fire an unapproved trigger or rule with side effects, use up a number of a sequence, or
    read a large table without an index by tenant.
    Fix: See the findings of tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles for these tables.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """

    def judge(principal: str) -> Iterator[Verdict]:
        own = [attempt for attempt in facts.attempts if attempt.principal == principal]
        unapproved = [each for of, each in facts.side_effects if of == principal and not each.approved(database, now)]
        return judge_writes(principal, own, unapproved, tables=facts.table_count, missing=facts.missing_indexes)

    yield from judge_principals(database.tenancy.principals, facts.unprobed, judge)


def judge_writes(
    principal: str,
    attempts: list[RelationWriteAttempts],
    unapproved: Sequence[SideEffect],
    *,
    tables: int,
    missing: tuple[str, ...] = (),
) -> Iterator[Verdict]:
    """The verdict on one principal from its attempts, in any order, and one on each table with inconclusive ones."""
    unclear = UnclearTables.of(principal, _EXPECTED, (each for attempt in attempts for each in attempt.inconclusive))
    leaks = _tables_with(attempts, AttemptResult.LEAKED)
    if leaks:
        leaking = [attempt for attempt in attempts if AttemptResult.LEAKED in dict(attempt.results).values()]
        verdict = failed(
            f"{principal}, acting for one tenant, can write rows of another",
            subject=principal,
            observed="; ".join(leaks),
            expected=_EXPECTED,
            remedy="Compare the tenant key with the context in USING and WITH CHECK of every policy, for each command. "
            + leak_remedy(principal, (attempt.table for attempt in leaking)),
        )
        yield with_affected(verdict, ((principal, attempt.table) for attempt in leaking))
        yield from unclear.judge(without={attempt.table for attempt in leaking})
        return
    clear = [attempt for attempt in attempts if attempt.table not in unclear]
    if unclear.attempts and not clear:
        yield unclear.judge_together()
        return
    yield from unclear.judge()
    yield _judge_clear(principal, clear, unclear, unapproved, tables=tables, missing=missing)


def _judge_clear(
    principal: str,
    attempts: list[RelationWriteAttempts],
    unclear: UnclearTables,
    unapproved: Sequence[SideEffect],
    *,
    tables: int,
    missing: tuple[str, ...],
) -> Verdict:
    without_control = sorted(
        {attempt.table for attempt in attempts if attempt.control is not None and not attempt.control.rows}
    )
    if without_control or not tables:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"A canary has no row that {principal} could write, so blocked attempts prove nothing",
            subject=principal,
            observed=", ".join(without_control) or "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Insert a row of each canary into every tenant table, and check that the canary can read its row.",
        )
    if unapproved:
        return unverified(
            Reason.UNSUPPORTED,
            f"Some writes as {principal} were not attempted: they would fire unapproved triggers or rules",
            subject=principal,
            observed="; ".join(
                sorted({f"{each.command} on {each.table}: {each.approvable.name}" for each in unapproved})
            ),
            expected=_EXPECTED,
            remedy="DROP those that are not needed. Only if a rollback undoes all that they do, and you have read them "
            "and what they reach, approve each in tenancy.approved_objects: "
            + ", ".join(sorted({str(each.approvable) for each in unapproved})),
        )
    numbered = sorted({f"{attempt.table} ({', '.join(attempt.numbered)})" for attempt in attempts if attempt.numbered})
    unclear_attempts = _tables_with(attempts, AttemptResult.INCONCLUSIVE)
    unindexed = sorted({attempt.table for attempt in attempts if attempt.unindexed})
    if numbered or unclear_attempts or unindexed:
        summary = f"Some attempts as {principal} were inconclusive"
        observed, remedy = "; ".join(unclear_attempts), _UNCLEAR
        if unindexed:
            summary = f"Nothing was attempted as {principal} where a write would read a large table as a whole"
            observed, remedy = ", ".join(unindexed), " ".join(missing) or BARE_KEY
        elif numbered:
            summary = f"No row was added as {principal} where a default that it cannot override would use up a number"
            observed, remedy = "; ".join(numbered), _NUMBERED
        return unverified(
            Reason.UNSUPPORTED, summary, subject=principal, observed=observed, expected=_EXPECTED, remedy=remedy
        )
    count = sum(len(attempt.outcomes) for attempt in attempts)
    observed = (
        f"{count} attempts on {len({a.table for a in attempts})} relations blocked" if count else "no write privilege"
    )
    observed += unclear.others()
    return passed(
        f"{principal} can write only rows of its own tenant", subject=principal, observed=observed, expected=_EXPECTED
    )


_UNCLEAR = "A trigger or a rule takes effect before the policy; see tenancy.rls.policies for the policy."
_NUMBERED = (
    "Grant the role INSERT on these columns too, so that the probe can leave their sequences alone; or set "
    "write_probes: false, and rely on tenancy.rls.policies."
)


def _tables_with(attempts: Sequence[RelationWriteAttempts], result: AttemptResult) -> list[str]:
    """The tables with an attempt of this result, each with the names of these attempts, sorted."""
    found: dict[str, set[str]] = {}
    for attempt in attempts:
        for name, each in attempt.results:
            if each is result:
                found.setdefault(attempt.table, set()).add(name)
    return [f"{table} ({', '.join(sorted(names))})" for table, names in sorted(found.items())]
