"""Facts about the operations of CloudWatch and SNS."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation(
        "cloudwatch:DescribeAlarms", listing=Listing.UNFILTERED, empty={"*": ({"MetricAlarms": []}, Status.UNVERIFIED)}
    ),
    Operation(
        "sns:ListSubscriptionsByTopic",
        not_found="NotFound",
        until_found=True,
        empty={"*": ({"Subscriptions": []}, Status.FAIL)},
    ),
)
