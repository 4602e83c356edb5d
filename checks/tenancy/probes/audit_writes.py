"""The check that audit records are kept and cannot be changed, tried by every role that Basewatch can become."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import Affected, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.attempts import AttemptResult, change_result
from checks.tenancy.probes.audit_writes_facts import AuditWriteAttempts, RoleAuditAttempts, audit_write_attempts
from checks.tenancy.probes.probe_outcomes import inconclusive
from checks.tenancy.probes.write_side_effects import SideEffect
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command

_EXPECTED = "records that are added stay, and no attempt to change or remove one succeeds"


@check(
    "audit.probe.append_only",
    component=components.Database,
    observe=audit_write_attempts,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("audit.append_only",),
    explained_by=("audit.table.append_only",),
)
def audit_records_survive_attempts(
    facts: AuditWriteAttempts, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """An audit record that is added stays there, and nobody who is asked to can change or remove one.

    Why: Triggers that look right can be passed by, and a rule or a trigger can drop records without a word.
    Reads: As each tenant-bound role, and as every other role that Basewatch can become and that may UPDATE or DELETE:
    whether a copied record of a canary is kept and seen again, and whether a canary's records can be changed, column by
    column, or removed; in transactions that are rolled back. Tenant-bound roles are mostly refused for want of the
    privilege. To have the guards themselves tried, create a role that owns nothing, with SELECT, UPDATE and DELETE on
    the table, and grant it to Basewatch's role; without one, audit.table.append_only judges the guards as they stand.
    Unverified when: Basewatch may not become a tenant-bound role, the table is locked, the canary has no record, the
    database is a reader, or an attempt would set off a trigger that nobody vouches for.
    Fix: See audit.table.append_only; DROP RULE or DROP TRIGGER what drops records, and name the guards in audit.guards.
    Source: https://www.postgresql.org/docs/15/plpgsql-trigger.html
    """
    if not facts.tried:
        why = "the audit table has no tenant key" if database.tenancy.write_probes else "tenancy.write_probes is off"
        yield not_applicable("no canary's record can be tried", observed=why)
        return
    yield judge_audit_writes(facts, [each for each in facts.side_effects if not each.approved(database, now)])


def judge_audit_writes(facts: AuditWriteAttempts, unapproved: list[SideEffect]) -> Verdict:
    """The one verdict on the audit table."""
    flaws = dict(flaw for each in facts.attempts for flaw in _flaws(each))
    if flaws:
        verdict = failed(
            "Audit records can be lost or changed",
            observed="; ".join(sorted(flaws)),
            expected=_EXPECTED,
            remedy="DROP the rule or trigger that drops records; create triggers that raise on UPDATE and DELETE, "
            "ENABLE ALWAYS, and REVOKE the privilege; audit.table.append_only has the statements.",
        )
        return with_affected(verdict, flaws.values())
    for refused in facts.unprobed:
        return _on_table(refused.verdict())
    tried = ((f"{each.role} ({what})", outcome) for each in facts.attempts for what, outcome in _outcomes(each))
    unclear = inconclusive("a role that may", tried, _EXPECTED)
    if unclear:
        return _on_table(unclear)
    blind = sorted(each.role for each in facts.attempts if each.granted_commands and not each.control.rows)
    if blind:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            "the canary has no audit record that could be changed, so changing none proves nothing",
            observed=", ".join(blind),
            expected=_EXPECTED,
            remedy="Plant an audit record of each canary.",
        )
    missed = [each for each in unapproved if _missed(each, facts)]
    if missed:
        return unverified(
            Reason.UNSUPPORTED,
            "Some attempts were not made, for they would set off what nobody vouches for",
            observed="; ".join(sorted({f"{each.command}: {each.approvable.name}" for each in missed})),
            expected=_EXPECTED,
            remedy="Read each, and declare it in audit.guards with its digest: "
            + ", ".join(sorted({f"{each.guard or each.approvable.name}: {each.approvable.digest}" for each in missed})),
        )
    return _kept(facts)


def _missed(each: SideEffect, facts: AuditWriteAttempts) -> bool:
    """Whether somebody was there who could have made the attempt."""
    return each.command == Command.INSERT or any(
        each.command in changing.granted_commands for changing in facts.attempts
    )


def _kept(facts: AuditWriteAttempts) -> Verdict:
    able = sorted(each.role for each in facts.attempts if each.granted_commands)
    others = (
        f"; not tried as {', '.join(map(quoted, facts.untested_roles))}, whom Basewatch cannot become"
        if facts.untested_roles
        else ""
    )
    who = f"tried as {', '.join(able)}" if able else "no role that Basewatch can become may even try"
    added = sum(each.insert is not None for each in facts.attempts)
    observed = f"{who}; a record added by {added} roles stayed{others}"
    return passed("Audit records stay as they were added", observed=observed, expected=_EXPECTED)


def _on_table(verdict: Verdict) -> Verdict:
    return Verdict(
        status=verdict.status,
        reason=verdict.reason,
        summary=verdict.summary,
        observed=verdict.observed,
        expected=_EXPECTED,
        remedy=verdict.remedy,
    )


def _outcomes(each: RoleAuditAttempts) -> Iterator[tuple[str, ProbeOutcome]]:
    yield from ((f"UPDATE of {column}", outcome) for column, outcome in each.updates)
    if each.delete is not None:
        yield "DELETE", each.delete
    if each.insert is not None:
        yield "INSERT", each.insert


def _flaws(each: RoleAuditAttempts) -> Iterator[tuple[str, Affected]]:
    columns = [column for column, outcome in each.updates if change_result(outcome) is AttemptResult.LEAKED]
    if columns:
        yield f"{each.role} changes {', '.join(columns)}", (each.role, Command.UPDATE)
    if each.delete is not None and change_result(each.delete) is AttemptResult.LEAKED:
        yield f"{each.role} removes records", (each.role, Command.DELETE)
    if each.discarded or (each.insert is not None and each.insert.rows == 0 and each.control.rows):
        yield f"a record that {each.role} adds is lost", (each.role, Command.INSERT)
