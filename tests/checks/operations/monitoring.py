"""Facts about the operations of CloudWatch, SNS, CloudTrail and CloudWatch Logs."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation("cloudtrail:DescribeTrails", listing=Listing.WHOLE, empty={"*": ({"trailList": []}, Status.FAIL)}),
    Operation("cloudtrail:GetEventSelectors", not_found="TrailNotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("cloudtrail:GetTrailStatus", not_found="TrailNotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation(
        "cloudwatch:DescribeAlarms", listing=Listing.UNFILTERED, empty={"*": ({"MetricAlarms": []}, Status.UNVERIFIED)}
    ),
    # A function that never ran has no log group.
    Operation(
        "logs:DescribeLogGroups",
        listing=Listing.UNFILTERED,
        omits_what_there_is_none_of=True,
        empty={"retention.logs.retention": ({"logGroups": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "sns:ListSubscriptionsByTopic",
        not_found="NotFound",
        until_found=True,
        empty={"*": ({"Subscriptions": []}, Status.FAIL)},
    ),
)
