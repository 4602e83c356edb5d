"""A check that Block Public Access keeps a bucket private, whatever its policy and its ACLs say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, required
from basewatch.check import check
from basewatch.components import BucketComponent
from basewatch.model import Proof, Severity, Verdict, failed, passed

_NO_BLOCK = "NoSuchPublicAccessBlockConfiguration"
_NO_OWNERSHIP = "OwnershipControlsNotFoundError"


class Ownership(StrEnum):
    """Who owns the objects of a bucket; BUCKET_OWNER_ENFORCED disables its ACLs, NONE is as OBJECT_WRITER."""

    BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"
    BUCKET_OWNER_PREFERRED = "BucketOwnerPreferred"
    OBJECT_WRITER = "ObjectWriter"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The four settings of Block Public Access; those of an account that has none are all off."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccess:
    """What keeps a bucket private: the settings of the account, those of the bucket, and whether it has ACLs."""

    account: Blocks
    bucket: Blocks
    ownership: Ownership

    @property
    def acls_disabled(self) -> bool:
        """Whether neither the bucket nor an object in it has an ACL."""
        return self.ownership is Ownership.BUCKET_OWNER_ENFORCED

    @property
    def ignores_public_acls(self) -> bool:
        """Whether an ACL, of the bucket or of an object, gives nothing to everybody."""
        return self._is_on("ignore_public_acls") or self.acls_disabled

    @property
    def restricts_public_policy(self) -> bool:
        """Whether a policy that is open to everybody gives nothing outside the account."""
        return self._is_on("restrict_public_buckets")

    @property
    def off(self) -> tuple[str, ...]:
        """The settings, in the words of AWS, that neither the account nor the bucket has."""
        return tuple(
            "".join(word.title() for word in field.name.split("_"))
            for field in fields(Blocks)
            if not self._is_on(field.name) and not (self.acls_disabled and field.name.endswith("acls"))
        )

    def __str__(self) -> str:
        places = (("the account", self.account), ("the bucket", self.bucket))
        whole = [name for name, blocks in places if all(getattr(blocks, field.name) for field in fields(Blocks))]
        acls = "ACLs disabled" if self.acls_disabled else "ACLs enabled"
        return f"all settings on in {' and '.join(whole) or 'the account or the bucket'}, {acls}"

    def _is_on(self, setting: str) -> bool:
        return bool(getattr(self.account, setting) or getattr(self.bucket, setting))


def public_access(aws: AwsClient, component: BucketComponent) -> PublicAccess:
    """The settings of the account and of the bucket, by GetPublicAccessBlock of each, and the bucket's ownership."""
    bucket = aws.call("s3", "GetPublicAccessBlock", accepted_errors=(_NO_BLOCK,), Bucket=component.bucket_name)
    account = aws.call("s3control", "GetPublicAccessBlock", accepted_errors=(_NO_BLOCK,), AccountId=aws.account_id)
    controls = aws.call(
        "s3", "GetBucketOwnershipControls", accepted_errors=(_NO_OWNERSHIP,), Bucket=component.bucket_name
    )
    ownership = (
        Ownership.NONE
        if accepted_error(controls)
        else required(controls, "OwnershipControls", "Rules", 0, "ObjectOwnership", kind=Ownership)
    )
    return PublicAccess(account=_blocks(account), bucket=_blocks(bucket), ownership=ownership)


def _blocks(answer: Mapping[str, Any]) -> Blocks:
    if accepted_error(answer):
        return Blocks()
    settings = "PublicAccessBlockConfiguration"
    return Blocks(
        block_public_acls=required(answer, settings, "BlockPublicAcls", kind=bool),
        ignore_public_acls=required(answer, settings, "IgnorePublicAcls", kind=bool),
        block_public_policy=required(answer, settings, "BlockPublicPolicy", kind=bool),
        restrict_public_buckets=required(answer, settings, "RestrictPublicBuckets", kind=bool),
    )


@check(
    "access.s3.public_block",
    component=BucketComponent,
    observe=public_access,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("s3:GetAccountPublicAccessBlock", "s3:GetBucketOwnershipControls", "s3:GetBucketPublicAccessBlock"),
    promises=("private",),
)
def public_access_is_blocked(access: PublicAccess, component: BucketComponent, now: datetime) -> Iterator[Verdict]:
    """Block Public Access keeps the bucket private, whatever its policy and its ACLs say.

    Why: One policy or one ACL, of the bucket or of an object in it, can show records to everybody; these settings make
    S3 refuse such a policy and ignore such an ACL.
    Reads: s3:GetPublicAccessBlock of the account and of the bucket: S3 applies a setting that either of them has.
    s3:GetBucketOwnershipControls: a bucket whose ownership is BucketOwnerEnforced has no ACLs, so their two settings
    are not needed.
    Unverified when: A call is denied, throttled or fails, or a setting is missing from the response.
    Fix: aws s3control put-public-access-block for the whole account, or aws s3api put-public-access-block for the
    bucket, with all four settings; aws s3api put-bucket-ownership-controls with BucketOwnerEnforced.
    Source: Amazon S3 User Guide, Blocking public access to your Amazon S3 storage,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    expected = "BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets"
    if access.off:
        summary = f"Public access is not blocked: {', '.join(access.off)} off"
        yield failed(summary, observed=f"off in the account and the bucket: {', '.join(access.off)}", expected=expected)
    else:
        yield passed("Public access is blocked", observed=str(access), expected=expected)
