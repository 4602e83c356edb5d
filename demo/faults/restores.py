"""Faults of the dumps that only a restore shows: the last drill has found each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from basewatch.restore_record import CopyFinding, RestoredTable
from demo.faults.fault import ExpectedFinding, Fault
from demo.restores import COMPONENT

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_OVERDUE = timedelta(days=20)
_SLOW = timedelta(hours=4, minutes=30)


def _found(**found: Any) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.drills.find(**found)


def _forget(sandbox: Sandbox) -> None:
    sandbox.drills.forget()


def _slow(sandbox: Sandbox) -> None:
    last = sandbox.drills.records[-1].finished
    sandbox.drills.find(started=last - _SLOW, finished=last + timedelta(seconds=1))


def _expected(check: str, status: Status = Status.FAIL) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=COMPONENT, status=status)


_UNFORCED = CopyFinding(
    check="tenancy.rls.coverage",
    subject="invoices",
    status=Status.FAIL,
    summary="Row-level security of invoices is not forced",
)
_EMPTY = (
    RestoredTable(name="public.audit_events", rows=840, live_rows=840),
    RestoredTable(name="public.invoices", rows=0, live_rows=168),
)

RESTORE_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="drill-overdue",
        title="Nobody restores a dump for three weeks",
        apply=lambda sandbox: sandbox.drills.age(_OVERDUE),
        repair=lambda sandbox: sandbox.drills.age(-_OVERDUE),
        expected_findings=(
            _expected("backup.restore_test.recency"),
            *(
                _expected(check, Status.UNVERIFIED)
                for check in (
                    "backup.restore_test.duration",
                    "backup.restore_test.content",
                    "backup.restore_test.isolation",
                    "backup.rpo_rto.measured",
                )
            ),
        ),
    ),
    Fault(
        name="drill-failed",
        title="The newest dump ends in the middle of a table, and cannot be restored",
        apply=_found(
            outcome="failed",
            problem="pg_restore ended early: could not read from input file: end of file",
            tables=(),
            isolation_passed=None,
        ),
        repair=_forget,
        expected_findings=(_expected("backup.restore_test.recency"),),
    ),
    Fault(
        name="drill-slow",
        title="The database has grown, and a restore takes longer than four hours",
        apply=_slow,
        repair=_forget,
        expected_findings=(_expected("backup.restore_test.duration"), _expected("backup.rpo_rto.measured")),
    ),
    Fault(
        name="drill-empty-table",
        title="The backup job's role may not read the invoices: their table is empty in the dump",
        apply=_found(tables=_EMPTY),
        repair=_forget,
        expected_findings=(_expected("backup.restore_test.content"),),
    ),
    Fault(
        name="drill-unforced",
        title="A dump restores without FORCE ROW LEVEL SECURITY",
        apply=_found(isolation=(_UNFORCED,)),
        repair=_forget,
        expected_findings=(_expected("backup.restore_test.isolation"),),
    ),
)
