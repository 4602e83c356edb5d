"""Faults of what detects threats and weak settings: GuardDuty, Security Hub and AWS Config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import PLATFORM_AGE, REGION
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_detection import detector, enabled_standards, findings, recorder_status

if TYPE_CHECKING:
    from demo.sandbox import Sandbox


def _answers(**responses: Mapping[str, Any]) -> Callable[[Sandbox], None]:
    """Answer these operations so; the first `__` in a name is the colon."""

    def apply(sandbox: Sandbox) -> None:
        for name, response in responses.items():
            sandbox.aws.answers.answer(name.replace("__", ":"), _always(response))

    return apply


def _always(response: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda _parameters: response


def _restored(*operations: str) -> Callable[[Sandbox], None]:
    def repair(sandbox: Sandbox) -> None:
        for operation in operations:
            sandbox.aws.answers.restore(operation)

    return repair


def _on_detection(check: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=f"detection/{REGION}", status=Status.FAIL),)


DETECTION_FAULTS = (
    Fault(
        name="guardduty-narrowed",
        title="Someone disables GuardDuty's protection of database logins",
        apply=_answers(guardduty__GetDetector=detector("CLOUD_TRAIL", "S3_DATA_EVENTS", "LAMBDA_NETWORK_LOGS")),
        repair=_restored("guardduty:GetDetector"),
        expected_findings=_on_detection("logging.guardduty.enabled"),
    ),
    Fault(
        name="threat-waiting",
        title="GuardDuty found an odd login to the database three days ago, and nobody looked at it",
        apply=_answers(guardduty__GetFindings=findings(datetime.now(UTC) - timedelta(days=3))),
        repair=_restored("guardduty:GetFindings"),
        expected_findings=_on_detection("logging.guardduty.findings"),
    ),
    Fault(
        name="standard-incomplete",
        title="Security Hub cannot assess a standard",
        apply=_answers(securityhub__GetEnabledStandards=enabled_standards("INCOMPLETE")),
        repair=_restored("securityhub:GetEnabledStandards"),
        expected_findings=_on_detection("logging.securityhub.standards"),
    ),
    Fault(
        name="recorder-stopped",
        title="Someone stops the recorder of AWS Config",
        apply=_answers(
            config__DescribeConfigurationRecorderStatus=recorder_status(
                started=datetime.now(UTC) - PLATFORM_AGE, recording=False
            )
        ),
        repair=_restored("config:DescribeConfigurationRecorderStatus"),
        expected_findings=_on_detection("logging.config.recorder"),
    ),
)
