"""Faults of restore tests of AWS Backup: slow, failed, or refused by their validation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from demo.account import PREFIX
from demo.faults.fault import ExpectedFinding, Fault
from demo.restore_jobs import OPERATION, restore_jobs

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_EXPECTED = (ExpectedFinding(check="backup.aurora.rto", component=f"aurora_cluster/{PREFIX}"),)


def _answer(**fields: Any) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.aws.answers.answer(OPERATION, restore_jobs(**fields))


def _restore(sandbox: Sandbox) -> None:
    sandbox.aws.answers.restore(OPERATION)


RESTORE_JOB_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="restore-slow",
        title="The last restore test of the cluster takes six hours",
        apply=_answer(took=timedelta(hours=6)),
        repair=_restore,
        expected_findings=_EXPECTED,
    ),
    Fault(
        name="restore-refused",
        title="The validation of the restored cluster finds that its data is old",
        apply=_answer(ValidationStatus="FAILED"),
        repair=_restore,
        expected_findings=_EXPECTED,
    ),
)
