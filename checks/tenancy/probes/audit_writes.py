"""The check that audit records are kept and cannot be changed, attempted as every role that Basewatch can become."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch import components
from basewatch.affected import Affected, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.audit_writes_facts import AuditWriteAttempts, RoleAuditAttempts, audit_write_attempts
from checks.tenancy.probes.probe_outcomes import AttemptResult, change_result
from checks.tenancy.probes.unclear_tables import UnclearTables
from checks.tenancy.probes.write_side_effects import SideEffect
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command

_EXPECTED = "added records are kept, and every attempt to change or remove one is blocked"


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
    """An audit record that is added is kept, and no probed role can change or remove one.

    Why: Triggers can be bypassed, and a rule or a trigger can discard records silently.
    Reads: As each tenant-bound role, and as every other role that Basewatch can become and that may UPDATE or DELETE:
    whether a copied record of a canary is kept and can be read, and whether records of a canary can be changed, column
    by column, or removed; in transactions that are rolled back. Most attempts of tenant-bound roles fail for lack of
    the privilege. To test the triggers themselves, create a role that owns nothing, with SELECT, UPDATE and DELETE on
    the table, and grant it to the role of Basewatch; without one, only audit.table.append_only checks the triggers.
    Unverified when: Basewatch may not become a tenant-bound role, the table is locked, the canary has no record, the
    database is a reader, or an attempt would fire an unapproved trigger.
    Fix: See audit.table.append_only; drop rules and triggers that discard records, and declare the other triggers in
    audit.triggers.
    Source: https://www.postgresql.org/docs/15/plpgsql-trigger.html
    """
    if not facts.tried:
        why = "the audit table has no tenant key" if database.tenancy.write_probes else "tenancy.write_probes is off"
        yield not_applicable("No record of a canary can be probed", observed=why)
        return
    yield judge_audit_writes(facts, [each for each in facts.side_effects if not each.approved(database, now)])


def judge_audit_writes(facts: AuditWriteAttempts, unapproved: list[SideEffect]) -> Verdict:
    """The verdict on the audit table."""
    flaws = dict(flaw for each in facts.attempts for flaw in _flaws(each))
    if flaws:
        verdict = failed(
            "Audit records can be lost or changed",
            observed="; ".join(sorted(flaws)),
            expected=_EXPECTED,
            remedy="DROP the rule or trigger that discards records; create triggers that raise on UPDATE and DELETE, "
            "ENABLE ALWAYS, and REVOKE the privilege; audit.table.append_only prints the statements.",
        )
        return with_affected(verdict, flaws.values())
    for refused in facts.unprobed:
        return _on_table(refused.verdict())
    outcomes = ((each.role, what, outcome) for each in facts.attempts for what, outcome in _outcomes(each))
    unclear = UnclearTables.of("a role with the privilege", _EXPECTED, (o for o in outcomes if not o[2].conclusive))
    if unclear.attempts:
        return _on_table(unclear.judge_together())
    without_control = sorted(each.role for each in facts.attempts if each.granted_commands and not each.control.rows)
    if without_control:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            "The canary has no audit record to change, so blocked attempts prove nothing",
            observed=", ".join(without_control),
            expected=_EXPECTED,
            remedy="Insert an audit record of each canary.",
        )
    skipped = [each for each in unapproved if _skipped(each, facts)]
    if skipped:
        return unverified(
            Reason.UNSUPPORTED,
            "Some attempts were not made: they would fire unapproved triggers or rules",
            observed="; ".join(sorted({f"{each.command}: {each.approvable.name}" for each in skipped})),
            expected=_EXPECTED,
            remedy="Review each, and declare it in audit.triggers with its digest: "
            + ", ".join(
                sorted({f"{each.guard or each.approvable.name}: {each.approvable.digest}" for each in skipped})
            ),
        )
    return _kept(facts)


def _skipped(each: SideEffect, facts: AuditWriteAttempts) -> bool:
    """Whether a probed role could have made the attempt."""
    return each.command == Command.INSERT or any(
        each.command in changing.granted_commands for changing in facts.attempts
    )


def _kept(facts: AuditWriteAttempts) -> Verdict:
    able = sorted(each.role for each in facts.attempts if each.granted_commands)
    others = (
        f"; not probed as {', '.join(map(quoted, facts.untested_roles))}, which Basewatch cannot become"
        if facts.untested_roles
        else ""
    )
    who = f"probed as {', '.join(able)}" if able else "no role that Basewatch can become has the privileges"
    added = sum(each.insert is not None for each in facts.attempts)
    observed = f"{who}; records added by {added} roles were kept{others}"
    return passed("Audit records are kept and cannot be changed", observed=observed, expected=_EXPECTED)


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
        yield f"{each.role} can change {', '.join(columns)}", (each.role, Command.UPDATE)
    if each.delete is not None and change_result(each.delete) is AttemptResult.LEAKED:
        yield f"{each.role} can remove records", (each.role, Command.DELETE)
    if each.discarded or (each.insert is not None and each.insert.rows == 0 and each.control.rows):
        yield f"a record that {each.role} adds is lost", (each.role, Command.INSERT)
