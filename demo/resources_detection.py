"""GuardDuty, Security Hub and AWS Config: on, with what moto lacks of them answered from here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext
from demo.resources_audit import BUCKET

FEATURES = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS", "S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")
_FINDING = "16afba5c5c43e07c9e3e5e2e544e95df"
_STANDARDS = (
    f"arn:aws:securityhub:{REGION}::standards/aws-foundational-security-best-practices/v/1.0.0",
    f"arn:aws:securityhub:{REGION}::standards/cis-aws-foundations-benchmark/v/3.0.0",
)


def create(context: BuildContext, *, role: str) -> None:
    """Create a detector, a recorder of every type, and Security Hub with two standards; one finding is new."""
    context.client("guardduty").create_detector(Enable=True, FindingPublishingFrequency="FIFTEEN_MINUTES")
    context.answer("guardduty:GetDetector", lambda _parameters: detector())
    context.answer("guardduty:ListFindings", lambda _parameters: {"FindingIds": [_FINDING]})
    context.answer("guardduty:GetFindings", lambda _parameters: findings(datetime.now(UTC) - timedelta(hours=2)))
    hub = {"HubArn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"}
    context.answer("securityhub:DescribeHub", lambda _parameters: hub)
    context.answer("securityhub:GetEnabledStandards", lambda _parameters: enabled_standards())
    config = context.client("config")
    recorder = {"name": PREFIX, "roleARN": role, "recordingGroup": {"allSupported": True}}
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": PREFIX, "s3BucketName": BUCKET})
    config.start_configuration_recorder(ConfigurationRecorderName=PREFIX)
    context.answer(
        "config:DescribeConfigurationRecorderStatus", lambda _parameters: recorder_status(started=context.built_at)
    )
    context.answer("config:DescribeDeliveryChannelStatus", lambda _parameters: delivery_status())


def findings(created: datetime) -> dict[str, Any]:
    """An answer to GetFindings: an odd login to the database at this time."""
    found = {
        "AccountId": ACCOUNT,
        "Arn": f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/d/finding/{_FINDING}",
        "CreatedAt": created.isoformat(),
        "Id": _FINDING,
        "Region": REGION,
        "Resource": {"ResourceType": "RDSDBInstance"},
        "SchemaVersion": "2.0",
        "Severity": 8.0,
        "Type": "CredentialAccess:RDS/AnomalousBehavior.SuccessfulLogin",
        "UpdatedAt": created.isoformat(),
    }
    return {"Findings": [found]}


def detector(*features: str, status: str = "ENABLED") -> dict[str, Any]:
    """An answer to GetDetector with these features, or all."""
    enabled = features or FEATURES
    return {
        "Status": status,
        "ServiceRole": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRole",
        "Features": [{"Name": name, "Status": "ENABLED" if name in enabled else "DISABLED"} for name in FEATURES],
    }


def enabled_standards(status: str = "READY") -> dict[str, Any]:
    """An answer to GetEnabledStandards, with the first standard in this status."""
    subscriptions = [
        {
            "StandardsSubscriptionArn": arn.replace("::standards", f":{ACCOUNT}:subscription"),
            "StandardsArn": arn,
            "StandardsInput": {},
            "StandardsStatus": status if arn == _STANDARDS[0] else "READY",
        }
        for arn in _STANDARDS
    ]
    return {"StandardsSubscriptions": subscriptions}


def recorder_status(*, started: datetime, recording: bool = True) -> dict[str, Any]:
    """An answer to DescribeConfigurationRecorderStatus."""
    status = {"name": PREFIX, "lastStartTime": started, "recording": recording, "lastStatus": "Success"}
    return {"ConfigurationRecordersStatus": [status]}


def delivery_status() -> dict[str, Any]:
    """An answer to DescribeDeliveryChannelStatus."""
    success = {"lastStatus": "Success"}
    channel = {"name": PREFIX, "configHistoryDeliveryInfo": success, "configStreamDeliveryInfo": success}
    return {"DeliveryChannelsStatus": [channel]}
