"""What records and watches the account: CloudTrail trails, and the detection of threats."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from basewatch.component_settings import RecordedTypes, SecurityStandards, ThreatDetection
from basewatch.components.component import AwsComponent
from basewatch.errors import InvalidValueError, display_value
from basewatch.quantities import Duration

_RECORDED = r"(audit_bucket|table|function)/.+|arn:[a-z-]+:(s3|dynamodb|lambda):.+"


def parse_recorded(value: object) -> str:
    """A bucket, table or function whose data events are recorded, by ref or ARN. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_RECORDED, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is no bucket, table or function", "write for example table/orders, or its ARN"
        )
    return value


Recorded = Annotated[
    str, BeforeValidator(parse_recorded), WithJsonSchema({"type": "string", "pattern": f"^({_RECORDED})$"})
]


class Trail(AwsComponent):
    """A CloudTrail trail, by name or ARN; that of an organization is best named by its ARN.

    `management_events` promises every event of the control plane, reads and writes, but for the AWS services in
    `excluded_sources`, such as `kms.amazonaws.com`. `data_events` are what must be recorded of data: buckets, tables
    and functions, as `audit_bucket/NAME`, `table/NAME`, `function/NAME` or by ARN.
    """

    kind: ClassVar[str] = "trail"
    noun: ClassVar[str] = "CloudTrail trail"
    promises: ClassVar[tuple[str, ...]] = (
        "delivered_within",
        "multi_region",
        "management_events",
        "digests_within",
        "encrypted",
        "data_events",
    )
    delivered_within: Duration | None = None
    multi_region: bool = False
    management_events: bool = False
    excluded_sources: tuple[str, ...] = ()
    digests_within: Duration | None = Field(
        default=None, description="how old the newest digest may be, by which log files are validated"
    )
    encrypted: bool = Field(default=False, description="whether its log files are encrypted with a KMS key")
    data_events: tuple[Recorded, ...] = ()


class Detection(AwsComponent):
    """What detects threats and weak settings in one region of an account: GuardDuty, Security Hub and AWS Config."""

    kind: ClassVar[str] = "detection"
    noun: ClassVar[str] = "detection"
    promises: ClassVar[tuple[str, ...]] = (
        "guardduty",
        "guardduty.triaged_within",
        "security_hub",
        "config_recorder",
    )
    guardduty: ThreatDetection | None = None
    security_hub: SecurityStandards | None = None
    config_recorder: RecordedTypes | None = None
