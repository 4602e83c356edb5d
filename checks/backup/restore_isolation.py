"""Whether tenants are as isolated in the restored copy as in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.restore_record import CopyFinding, PastRestores
from checks.backup.restore_duration import FOLLOWS_RECENCY
from checks.backup.restore_recency import last_restored, past_restores

_SHOWN = 5


@check(
    "backup.restore_test.isolation",
    component=DumpBackups,
    observe=past_restores,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("restore_drill",),
    follows_from=(FOLLOWS_RECENCY,),
)
def the_copy_isolates_tenants(facts: PastRestores, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """In the restored copy row-level security is on, forced and proven, and audit records cannot be changed.

    Why: A dump can be restored with every row and without its policies: tables are exported without them, or restored
    without a role that a policy names. Then the day of the recovery is the day of the leak.
    Reads: The drills in the history: the checks of tenant isolation and of the audit table, made on the copy: coverage,
    the proof of every policy, grants, functions and triggers, and the probes as each principal. The roles of the copy
    are made of the names in the dump: their memberships and attributes are judged on the live database.
    Unverified when: The history was not read, no dump was restored within `every`, the database is not declared, or one
    of these checks could not be made on the copy.
    Fix: Dump the whole database with pg_dump, without --no-policies, --table or --data-only; restore its roles first.
    Source: docs/restore-drill.md; https://www.postgresql.org/docs/current/app-pgdump.html
    """
    last = last_restored(facts, dumps, now)
    if isinstance(last, Verdict):
        yield last
        return
    broken = [each for each in last.isolation if each.status is Status.FAIL]
    unseen = [each for each in last.isolation if each.status is not Status.FAIL]
    expected = "every check of isolation passes on the copy"
    if broken:
        shown = "; ".join(map(_text, broken[:_SHOWN]))
        yield failed("The restored copy does not isolate tenants", observed=shown, expected=expected)
    elif last.isolation_passed is None:
        detail = f"the database {dumps.database} is not declared, so its isolation cannot be proven on a copy"
        yield unverified(Reason.UNSUPPORTED, detail, remedy="Declare it in components.databases, with its tenancy.")
    elif unseen or not last.isolation_passed:
        what = "; ".join(map(_text, unseen[:_SHOWN])) or "no check passed"
        yield unverified(Reason.NOT_ENOUGH_DATA, what, remedy="Repair what it names, and run `basewatch drill`.")
    else:
        observed = f"{last.isolation_passed} findings pass on the copy of {last.dump_key}"
        yield passed("The restored copy isolates tenants", observed=observed, expected=expected)


def _text(finding: CopyFinding) -> str:
    return f"{finding.check} {finding.subject}".strip() + f": {finding.summary}"
