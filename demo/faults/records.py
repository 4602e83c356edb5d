"""Faults of what records and watches the account: the trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import PLATFORM_AGE, PREFIX, backend
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_trail import select_events, trail_status

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_STATUS = "cloudtrail:GetTrailStatus"


def _on_trail(check: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"trail/{PREFIX}", status=Status.FAIL)


def _trail_status(**changes: Any) -> Callable[[Sandbox], None]:
    def answer(sandbox: Sandbox) -> None:
        status = trail_status(started=datetime.now(UTC) - PLATFORM_AGE, **changes)
        sandbox.aws.answers.answer(_STATUS, status)

    return answer


def _restore_status(sandbox: Sandbox) -> None:
    sandbox.aws.answers.restore(_STATUS)


def _validation(*, on: bool) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        backend("cloudtrail").trails[PREFIX].log_validation = on

    return put


RECORD_FAULTS = (
    Fault(
        name="trail-undelivered",
        title="The trail has delivered no log file for five hours, because S3 refuses them",
        apply=_trail_status(
            LatestDeliveryTime=datetime.now(UTC) - timedelta(hours=5), LatestDeliveryError="AccessDenied"
        ),
        repair=_restore_status,
        expected_findings=(_on_trail("logging.cloudtrail.trail"),),
    ),
    Fault(
        name="trail-unvalidated",
        title="Someone disables the validation of the trail's log files",
        apply=_validation(on=False),
        repair=_validation(on=True),
        expected_findings=(_on_trail("logging.cloudtrail.integrity"),),
    ),
    Fault(
        name="trail-without-data",
        title="Someone removes the data events of the tables from the trail",
        apply=lambda sandbox: select_events(
            sandbox.aws.client("cloudtrail"), (("AWS::S3::Object", f"arn:aws:s3:::{PREFIX}-audit-logs/"),)
        ),
        repair=lambda sandbox: select_events(sandbox.aws.client("cloudtrail")),
        expected_findings=(_on_trail("logging.cloudtrail.data_events"),),
    ),
)
