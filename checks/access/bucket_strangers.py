"""A check that neither the policy nor the ACL of a bucket lets in anybody from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, listed, optional, required
from basewatch.check import check
from basewatch.components import BucketComponent
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.access.public_block import PublicAccess, public_access
from checks.access.shared_policy import expectation, named, strangers

_NO_POLICY = "NoSuchBucketPolicy"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
_GROUPS = "http://acs.amazonaws.com/groups/"
_EVERYBODY = (f"{_GROUPS}global/AllUsers", f"{_GROUPS}global/AuthenticatedUsers")
_USER = "canonical user "
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
_DELEGATION = "s3:dataaccesspoint"
_LOG_DELIVERY = f"{_GROUPS}s3/LogDelivery"
# The account that delivers the access logs of CloudFront.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
_CLOUDFRONT_LOGS = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant of the bucket's ACL to somebody else than its owner: a group of everybody, or a canonical user."""

    to: str
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAccess:
    """The policy of a bucket (empty for none), what its ACL grants to others, and Block Public Access.

    `owner` is the canonical user of the account.
    """

    account: str
    owner: str
    policy: str
    grants: tuple[Grant, ...]
    blocks: PublicAccess


def bucket_access(aws: AwsClient, component: BucketComponent) -> BucketAccess:
    """What lets anybody into the bucket, by GetBucketPolicy, GetBucketAcl and GetPublicAccessBlock."""
    policy = aws.call("s3", "GetBucketPolicy", accepted_errors=(_NO_POLICY,), Bucket=component.bucket_name)
    acl = aws.call("s3", "GetBucketAcl", Bucket=component.bucket_name)
    owner = required(acl, "Owner", "ID", kind=str)
    return BucketAccess(
        account=aws.account_id,
        owner=owner,
        policy="" if accepted_error(policy) else required(policy, "Policy", kind=str),
        grants=tuple(
            grant for each in listed(acl, "Grants") if (grant := _grant(each)).to not in ("", owner, _LOG_DELIVERY)
        ),
        blocks=public_access(aws, component),
    )


def _grant(entry: Mapping[str, Any]) -> Grant:
    """The grant of one entry. Raises: ObservationError, when it names nobody."""
    to = optional(entry, "Grantee", "URI", kind=str) or required(entry, "Grantee", "ID", kind=str)
    return Grant(to="" if to == _CLOUDFRONT_LOGS else to, permission=required(entry, "Permission", kind=str))


@check(
    "access.s3.strangers",
    component=BucketComponent,
    observe=bucket_access,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=(
        "s3:GetAccountPublicAccessBlock",
        "s3:GetBucketAcl",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
    ),
    promises=("private",),
)
def nobody_else_gets_in(access: BucketAccess, component: BucketComponent, now: datetime) -> Iterator[Verdict]:
    """Neither the policy nor the ACL of the bucket lets in anybody outside the account and those it is shared with.

    Why: What lies in the bucket is read, replaced or deleted from outside without any permission in the account.
    Reads: s3:GetBucketPolicy, whose statements are evaluated with their conditions: one that everybody can meet does
    not narrow a statement. s3:GetBucketAcl, if the bucket's ownership does not disable ACLs. s3:GetPublicAccessBlock of
    the account and the bucket: RestrictPublicBuckets limits a policy that is open to everybody to the account, and
    IgnorePublicAcls ignores a grant to everybody. Services of AWS, and the ACLs of single objects, are not judged.
    Unverified when: A call is denied, throttled or fails, the policy cannot be read as one, or it or the ACL names a
    canonical user, whose account AWS does not tell; or the policy leaves the decision to access points, whose policies
    are not read.
    Fix: Remove the statement or the grant. To share the bucket on purpose, name the account in `shared_with`.
    Source: Amazon S3 User Guide, The meaning of "public",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    expected = expectation(component)
    found = [each for each in strangers(access.policy, access.account, component) if each.to != _USER + access.owner]
    users = [each.to.removeprefix(_USER) for each in found if each.to.startswith(_USER)]
    others = tuple(each for each in found if not each.to.startswith(_USER))
    everybody = any(each.is_public for each in others)
    if everybody and access.blocks.restricts_public_policy:
        # Then no other statement of the policy lets another account in either.
        others, users = (), []
    grants = () if access.blocks.acls_disabled else access.grants
    public = [each for each in grants if each.to in _EVERYBODY and not access.blocks.ignores_public_acls]
    users += [each.to for each in grants if each.to not in _EVERYBODY]
    if public:
        observed = "; ".join(f"{each.permission} to {each.to.rpartition('/')[2]} by the ACL" for each in public)
        yield failed("The ACL of the bucket lets in everybody", observed=observed, expected=expected)
    elif others:
        who = "everybody" if everybody else ", ".join(dict.fromkeys(each.to for each in others))
        yield failed(f"The policy of the bucket lets in {who}", observed=named(others), expected=expected)
    elif users:
        summary = "A canonical user has access, and its account is not known"
        remedy = "Replace the canonical user by the ARN of its account in the policy, and disable ACLs."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=users[0], expected=expected, remedy=remedy)
    elif _DELEGATION in access.policy.lower():
        summary = "The policy of the bucket leaves it to access points who gets in"
        remedy = "Read the policies of the bucket's access points: Basewatch does not."
        yield unverified(Reason.UNSUPPORTED, summary, observed="s3:DataAccessPoint…", expected=expected, remedy=remedy)
    else:
        observed = "a policy that lets in nobody else" if access.policy else "no policy"
        yield passed("Nobody outside the account gets in", observed=observed, expected=expected)
