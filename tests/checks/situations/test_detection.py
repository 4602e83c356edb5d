"""Detection: whether GuardDuty, Security Hub and AWS Config are on, work, and are looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.check import AnyCheck
from basewatch.components import Detection
from basewatch.model import Status
from checks.logging.config_recorder import changes_are_recorded
from checks.logging.guardduty import threats_are_detected, threats_are_triaged
from checks.logging.security_hub import standards_are_assessed
from tests.checks.situations.aws_answers import NOW, Answers, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

FAIL, PASS, UNVERIFIED = Status.FAIL, Status.PASS, Status.UNVERIFIED
DETECTION = Detection.model_validate(
    {
        "name": "us-east-1",
        "guardduty": {"features": ["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS"], "triaged_within": "24h"},
        "security_hub": {"standards": ["cis-aws-foundations-benchmark"]},
        "config_recorder": {"recording": True, "excluded": ["AWS::EC2::Volume"]},
    }
)
_CHECKS: dict[str, AnyCheck] = {
    "detector": threats_are_detected,
    "threats": threats_are_triaged,
    "hub": standards_are_assessed,
    "recorder": changes_are_recorded,
}


def guard(status: str = "ENABLED", **features: str) -> Answers:
    """A detector with these features."""
    found = {"S3_DATA_EVENTS": "ENABLED", "RDS_LOGIN_EVENTS": "ENABLED", **features}
    listed = [{"Name": name, "Status": state} for name, state in found.items() if state]
    return {
        "guardduty:ListDetectors": answer("guardduty:ListDetectors", DetectorIds=["d"]),
        "guardduty:GetDetector": answer("guardduty:GetDetector", Status=status, ServiceRole="r", Features=listed),
    }


NO_DETECTOR: Answers = {"guardduty:ListDetectors": answer("guardduty:ListDetectors", DetectorIds=[])}


def found(*ages: timedelta, archived: bool = False, described: int | None = None) -> Answers:
    """Findings of these ages."""
    findings = [
        {
            "AccountId": "123456789012",
            "Arn": f"arn:{number}",
            "CreatedAt": (NOW - age).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "Id": str(number),
            "Region": "us-east-1",
            "Resource": {},
            "SchemaVersion": "2.0",
            "Severity": 8.0,
            "Type": "Backdoor:Lambda/C&CActivity.B",
            "UpdatedAt": "2026-11-30T00:00:00Z",
            "Service": {"Archived": archived},
        }
        for number, age in enumerate(ages)
    ]
    return {
        "guardduty:ListDetectors": answer("guardduty:ListDetectors", DetectorIds=["d"]),
        "guardduty:ListFindings": answer("guardduty:ListFindings", FindingIds=[str(n) for n in range(len(ages))]),
        "guardduty:GetFindings": answer("guardduty:GetFindings", Findings=findings[:described]),
    }


CIS = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/3.0.0"
OLD_CIS = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
FSBP = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"


def hub(**standards: str) -> Answers:
    """A hub with these standards, by their names here."""
    arns = {"cis": CIS, "old_cis": OLD_CIS, "fsbp": FSBP}
    subscriptions = [
        {
            "StandardsSubscriptionArn": f"{arns[name]}/s",
            "StandardsArn": arns[name],
            "StandardsInput": {},
            "StandardsStatus": status,
        }
        for name, status in standards.items()
    ]
    return {
        "securityhub:DescribeHub": answer("securityhub:DescribeHub", HubArn="arn:hub"),
        "securityhub:GetEnabledStandards": answer(
            "securityhub:GetEnabledStandards", StandardsSubscriptions=subscriptions
        ),
    }


EVERY = {"allSupported": True}


def recorders(
    *names: str, group: dict[str, Any] | None = None, channels: tuple[str, ...] = ("Success",), **status: Any
) -> Answers:
    """Recorders of these names, of which one that begins with AWS is a service's, and delivery channels."""
    whole = {"name": "own", "recording": True, "lastStatus": "Success", **status}
    listed = [
        {
            "name": name,
            "recordingGroup": group or EVERY,
            **({"servicePrincipal": "s"} if name.startswith("AWS") else {}),
        }
        for name in names
    ]
    return {
        "config:DescribeConfigurationRecorders": answer(
            "config:DescribeConfigurationRecorders", ConfigurationRecorders=listed
        ),
        "config:DescribeConfigurationRecorderStatus": answer(
            "config:DescribeConfigurationRecorderStatus",
            ConfigurationRecordersStatus=[{key: value for key, value in whole.items() if value is not None}],
        ),
        "config:DescribeDeliveryChannelStatus": answer(
            "config:DescribeDeliveryChannelStatus",
            DeliveryChannelsStatus=[
                {"name": "c", "configStreamDeliveryInfo": {"lastStatus": "Not_Applicable"}, **_history(last)}
                for last in channels
            ],
        ),
    }


def _history(last: str) -> dict[str, Any]:
    code = {"lastErrorCode": "AccessDenied"} if last == "Failure" else {}
    return {"configHistoryDeliveryInfo": {"lastStatus": last, **code}}


def excluding(*types: str) -> dict[str, Any]:
    """A recording group of all types but these."""
    return {
        "allSupported": False,
        "exclusionByResourceTypes": {"resourceTypes": list(types)},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    }


def row(number: str, what: str, right: Status, why: str, answers: Answers, *, says: str = "") -> Situation:
    """One row of the table; its number begins with the check."""
    check = _CHECKS[number.partition("-")[0]]
    return Situation(
        number=number, what=what, right=(right,), why=why, judged=judging(check, DETECTION, answers), says=says
    )


HOURS = timedelta(hours=1)
SITUATIONS = (
    row("detector-1", "a detector with the promised features", PASS, "as promised", guard()),
    row("detector-2", "no detector", FAIL, "nothing is detected", NO_DETECTOR, says="no detector"),
    row("detector-3", "a suspended detector", FAIL, "it detects nothing", guard("DISABLED"), says="disabled"),
    row(
        "detector-4",
        "a promised feature is off",
        FAIL,
        "logins are not looked at",
        guard(RDS_LOGIN_EVENTS="DISABLED"),
        says="RDS_LOGIN_EVENTS",
    ),
    row(
        "detector-5",
        "a region that does not offer a promised feature",
        UNVERIFIED,
        "AWS says nothing of it",
        guard(RDS_LOGIN_EVENTS=""),
    ),
    row("detector-6", "a feature that nobody promised is off", PASS, "it is none", guard(EKS_AUDIT_LOGS="DISABLED")),
    row(
        "detector-7",
        "a feature that AWS added since",
        PASS,
        "what is promised is enabled",
        guard(QUANTUM_PROTECTION="ENABLED"),
    ),
    row(
        "detector-8",
        "the detector may not be read",
        UNVERIFIED,
        "nobody looked",
        {**guard(), "guardduty:GetDetector": refusal("AccessDeniedException", status=403)},
    ),
    row("threats-1", "no finding", PASS, "there is none to look at", found()),
    row("threats-2", "a finding of two hours ago", PASS, "there is time until tomorrow", found(2 * HOURS)),
    row("threats-3", "a finding of three days ago", FAIL, "nobody looked", found(72 * HOURS, HOURS), says="3d"),
    row("threats-4", "one that was archived meanwhile", PASS, "somebody looked", found(72 * HOURS, archived=True)),
    row("threats-5", "no detector", UNVERIFIED, "no finding is no news", NO_DETECTOR),
    row("threats-6", "a listed finding is gone", UNVERIFIED, "it may be the late one", found(72 * HOURS, described=0)),
    row("hub-1", "the standard is ready", PASS, "as promised", hub(cis="READY", fsbp="INCOMPLETE")),
    row(
        "hub-2",
        "Security Hub is off",
        FAIL,
        "nothing is assessed",
        {"securityhub:DescribeHub": refusal("InvalidAccessException", status=401)},
        says="off",
    ),
    row("hub-3", "another standard alone", FAIL, "the promised one is not enabled", hub(fsbp="READY")),
    row("hub-4", "the standard is incomplete", FAIL, "it is not assessed", hub(cis="INCOMPLETE"), says="INCOMPLETE"),
    row("hub-5", "the standard is being enabled", UNVERIFIED, "it is not assessed yet", hub(cis="PENDING")),
    row("hub-6", "the standard is being disabled", FAIL, "it is not assessed any more", hub(cis="DELETING")),
    row("hub-7", "the old version of the standard, which has another ARN", PASS, "it is ready", hub(old_cis="READY")),
    row("hub-8", "a status that AWS added since", UNVERIFIED, "nobody knows what it means", hub(cis="PAUSED")),
    row(
        "hub-9",
        "the hub may not be read",
        UNVERIFIED,
        "nobody looked",
        {"securityhub:DescribeHub": refusal("AccessDeniedException", status=403)},
    ),
    row("recorder-1", "every type is recorded", PASS, "as promised", recorders("own")),
    row("recorder-2", "no recorder", FAIL, "nothing is recorded", recorders()),
    row(
        "recorder-3",
        "the recorder of Security Hub alone",
        FAIL,
        "it is not the account's own",
        recorders("AWSConfigurationRecorderForSecurityHub"),
    ),
    row("recorder-4", "both", PASS, "the own one counts", recorders("AWSConfigurationRecorderForX", "own")),
    row("recorder-5", "it is stopped", FAIL, "nothing is recorded", recorders("own", recording=False)),
    row(
        "recorder-6",
        "a few types are recorded",
        FAIL,
        "all are promised",
        recorders("own", group={"allSupported": False, "resourceTypes": ["AWS::S3::Bucket"]}),
    ),
    row(
        "recorder-7",
        "all but a declared type",
        PASS,
        "it is declared",
        recorders("own", group=excluding("AWS::EC2::Volume")),
    ),
    row(
        "recorder-8",
        "all but roles",
        FAIL,
        "nobody declared that",
        recorders("own", group=excluding("AWS::EC2::Volume", "AWS::IAM::Role")),
        says="AWS::IAM::Role",
    ),
    row("recorder-9", "no delivery channel", FAIL, "nothing is kept", recorders("own", channels=())),
    row(
        "recorder-10",
        "S3 refuses the history",
        FAIL,
        "it is lost",
        recorders("own", channels=("Failure",)),
        says="AccessDenied",
    ),
    row(
        "recorder-11", "nothing recorded yet", UNVERIFIED, "it was just started", recorders("own", lastStatus="Pending")
    ),
    row("recorder-12", "the last recording failed", FAIL, "changes are lost", recorders("own", lastStatus="Failure")),
)


@each(SITUATIONS)
def test_detection_is_judged_by_what_works(situation: Situation) -> None:
    """The verdict is the one that is right."""
    situation.test()
