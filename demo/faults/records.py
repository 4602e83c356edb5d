"""Faults of what records and watches the account: the trail, log groups, logs and traces."""

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


def _finding(check: str, component: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=component, status=Status.FAIL)


def _on_trail(check: str) -> ExpectedFinding:
    return _finding(check, f"trail/{PREFIX}")


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


def _log_days(days: int) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        logs = sandbox.aws.client("logs")
        logs.put_retention_policy(logGroupName=f"/aws/rds/cluster/{PREFIX}/postgresql", retentionInDays=days)

    return put


def _stage_traces(*, on: bool) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        api = next(each for each in backend("apigateway").apis.values() if each.name == PREFIX)
        api.stages["prod"].tracing_enabled = on

    return put


def _function_traces(mode: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        backend("lambda").get_function(f"{PREFIX}-auth-v2").tracing_config = {"Mode": mode}

    return put


RECORD_FAULTS = (
    Fault(
        name="logs-kept-a-day",
        title="Someone lets the database's log expire after a day",
        apply=_log_days(1),
        repair=_log_days(30),
        expected_findings=(_finding("retention.logs.retention", f"aurora_cluster/{PREFIX}"),),
    ),
    Fault(
        name="api-untraced",
        title="Someone disables X-Ray on the API's stage",
        apply=_stage_traces(on=False),
        repair=_stage_traces(on=True),
        expected_findings=(_finding("logging.api.logged", f"api/{PREFIX}"),),
    ),
    Fault(
        name="function-untraced",
        title="Someone disables X-Ray on the login function",
        apply=_function_traces("PassThrough"),
        repair=_function_traces("Active"),
        expected_findings=(_finding("logging.function.traced", f"function/{PREFIX}-auth-v2"),),
    ),
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
