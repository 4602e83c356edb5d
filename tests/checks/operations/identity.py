"""Facts about the operations of IAM."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation(
        "iam:GetAccountAuthorizationDetails",
        listing=Listing.UNFILTERED,
        empty={"*": ({"IsTruncated": False, "UserDetailList": [], "RoleDetailList": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "iam:GetAccountSummary", listing=Listing.UNFILTERED, empty={"*": ({"SummaryMap": {}}, Status.UNVERIFIED)}
    ),
    Operation(
        "iam:ListMFADevices",
        deleted_since_listed="NoSuchEntity",
        until_found=True,
        empty={"*": ({"MFADevices": [], "IsTruncated": False}, Status.FAIL)},
    ),
)
