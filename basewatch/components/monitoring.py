"""What records and watches the account: CloudTrail trails, and the detection of threats."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from basewatch.component_settings import RecordedTypes, SecurityStandards, ThreatDetection
from basewatch.components.component import AwsComponent
from basewatch.quantities import Duration

_RECORDED = r"^((audit_bucket|table|function)/.+|arn:[a-z-]+:(s3|dynamodb|lambda):.+)$"


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
    data_events: tuple[Annotated[str, Field(pattern=_RECORDED)], ...] = ()


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
