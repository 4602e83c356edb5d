"""Facts about the operations of GuardDuty, Security Hub and AWS Config."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation(
        "config:DescribeConfigurationRecorders",
        listing=Listing.WHOLE,
        empty={"*": ({"ConfigurationRecorders": []}, Status.FAIL)},
    ),
    Operation(
        "config:DescribeConfigurationRecorderStatus",
        deleted_since_listed="NoSuchConfigurationRecorderException",
        empty={"*": ({"ConfigurationRecordersStatus": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "config:DescribeDeliveryChannelStatus",
        listing=Listing.WHOLE,
        empty={"*": ({"DeliveryChannelsStatus": []}, Status.FAIL)},
    ),
    Operation("guardduty:GetDetector", listing=Listing.WHOLE, empty={"*": ({"Status": "ENABLED"}, Status.UNVERIFIED)}),
    Operation(
        "guardduty:ListDetectors",
        listing=Listing.WHOLE,
        until_found=True,
        empty={
            "logging.guardduty.enabled": ({"DetectorIds": []}, Status.FAIL),
            "logging.guardduty.findings": ({"DetectorIds": []}, Status.UNVERIFIED),
        },
    ),
    # Its error for a detector that is gone is that for any bad parameter.
    Operation("guardduty:GetFindings", listing=Listing.WHOLE, empty={"*": ({"Findings": []}, Status.UNVERIFIED)}),
    Operation("guardduty:ListFindings", listing=Listing.WHOLE, empty={"*": ({"FindingIds": []}, Status.PASS)}),
    Operation("securityhub:DescribeHub", not_found="InvalidAccessException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation(
        "securityhub:GetEnabledStandards",
        listing=Listing.WHOLE,
        empty={"*": ({"StandardsSubscriptions": []}, Status.FAIL)},
    ),
)
