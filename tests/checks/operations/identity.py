"""Facts about the operations of IAM."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation(
        "iam:GetAccountPasswordPolicy",
        not_found="NoSuchEntity",
        empty={"*": ({}, Status.UNVERIFIED)},
    ),
    Operation("iam:ListUsers", listing=Listing.UNFILTERED, empty={"*": ({}, Status.UNVERIFIED)}),
    # Without a login profile a user has no password.
    Operation("iam:GetLoginProfile", absent_is_sound=("access.iam.credentials",), empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("iam:ListAccessKeys", deleted_since_listed="NoSuchEntity", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("iam:GetAccessKeyLastUsed", deleted_since_listed="NoSuchEntity", empty={"*": ({}, Status.UNVERIFIED)}),
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
