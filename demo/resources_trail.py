"""The CloudTrail trail: it records every region, and reads and writes of the tenants' data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext
from demo.resources_audit import BUCKET

_MANAGEMENT = {"Name": "control plane", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
_DATA = (
    ("AWS::S3::Object", f"arn:aws:s3:::{BUCKET}/"),
    ("AWS::DynamoDB::Table", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}-"),
    ("AWS::Lambda::Function", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-"),
)


def create(context: BuildContext, *, key: str) -> None:
    """Create the trail and start it; moto delivers nothing, so its status is answered from here."""
    trail = context.client("cloudtrail")
    trail.create_trail(
        Name=PREFIX,
        S3BucketName=BUCKET,
        S3KeyPrefix="cloudtrail",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        KmsKeyId=key,
    )
    trail.start_logging(Name=PREFIX)
    select_events(trail, _DATA)
    context.answer("cloudtrail:GetTrailStatus", trail_status(started=context.built_at))


def select_events(trail: Any, data: tuple[tuple[str, str], ...] = _DATA) -> None:
    """Let the trail record all management events, and data events of these types whose ARN begins so."""
    selectors = [
        {
            "Name": kind,
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": [kind]},
                {"Field": "resources.ARN", "StartsWith": [start]},
            ],
        }
        for kind, start in data
    ]
    trail.put_event_selectors(TrailName=PREFIX, AdvancedEventSelectors=[_MANAGEMENT, *selectors])


def trail_status(*, started: datetime, **changes: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """An answer to GetTrailStatus: the newest log file is four minutes old, the newest digest half an hour."""

    def answer(_parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        now = datetime.now(UTC)
        return {
            "IsLogging": True,
            "StartLoggingTime": started,
            "LatestDeliveryTime": now - timedelta(minutes=4),
            "LatestDigestDeliveryTime": now - timedelta(minutes=30),
            **changes,
        }

    return answer
