"""Buckets: who gets in from outside, and what the lifecycle does to what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from basewatch.components import AuditBucket, Bucket
from basewatch.model import Status, Verdict
from checks.access.bucket_strangers import nobody_else_gets_in
from checks.access.public_block import public_access_is_blocked
from checks.retention.bucket_expiry import objects_expire, versions_are_kept
from checks.retention.lifecycle_versioning import no_rule_expires_records, records_are_archived
from tests.checks.situations.aws_answers import Answers, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
THEIRS = "999988887777"
OWNER, OTHER = "a" * 64, "b" * 64
CLOUDFRONT = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"
ALL = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EXPORTS = Bucket.model_validate({"name": "exports", "expires_after": "90d", "versioned": True})
AUDIT = AuditBucket.model_validate({"name": "audit", "object_lock": {"retention": "7y"}, "archive_after": "90d"})
NO_BLOCK = refusal("NoSuchPublicAccessBlockConfiguration", status=404)


Judged = Callable[[], Iterable[Verdict]]


def blocks(operation: str, on: tuple[str, ...] | None) -> Any:
    """Block Public Access with these settings on; None for none configured."""
    if on is None:
        return NO_BLOCK
    return answer(operation, PublicAccessBlockConfiguration={name: name in on for name in ALL})


def bucket(
    *,
    account: tuple[str, ...] | None = ALL,
    own: tuple[str, ...] | None = ALL,
    ownership: str | None = "BucketOwnerEnforced",
    policy: list[dict[str, Any]] | None = None,
    grants: tuple[dict[str, Any], ...] = (),
) -> Answers:
    """The answers about a bucket with these settings, statements and grants besides its owner's."""
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    owner = {"Grantee": {"Type": "CanonicalUser", "ID": OWNER}, "Permission": "FULL_CONTROL"}
    return {
        "s3:GetPublicAccessBlock": blocks("s3:GetPublicAccessBlock", own),
        "s3control:GetPublicAccessBlock": blocks("s3control:GetPublicAccessBlock", account),
        "s3:GetBucketOwnershipControls": answer("s3:GetBucketOwnershipControls", OwnershipControls=controls)
        if ownership
        else refusal("OwnershipControlsNotFoundError", status=404),
        "s3:GetBucketPolicy": answer("s3:GetBucketPolicy", Policy=document)
        if policy
        else refusal("NoSuchBucketPolicy", status=404),
        "s3:GetBucketAcl": answer("s3:GetBucketAcl", Owner={"ID": OWNER}, Grants=[owner, *grants]),
    }


def blocked(**settings: Any) -> Judged:
    """The verdict on Block Public Access."""
    answers = {key: each for key, each in bucket(**settings).items() if "Policy" not in key and "Acl" not in key}
    return judging(public_access_is_blocked, EXPORTS, answers)


def shared(*, with_accounts: tuple[str, ...] = (), **settings: Any) -> Judged:
    """The verdict on who gets in."""
    component = Bucket.model_validate({"name": "exports", "shared_with": with_accounts})
    return judging(nobody_else_gets_in, component, bucket(**settings))


def allow(principal: Any, condition: Any = None, effect: str = "Allow") -> dict[str, Any]:
    """A statement about reading the bucket's objects."""
    more = {"Condition": condition} if condition else {}
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::exports/*",
        **more,
    }


def grant(to: str, permission: str = "READ") -> dict[str, Any]:
    """An entry of an ACL, to a group or to a canonical user."""
    if to.startswith("http"):
        return {"Grantee": {"Type": "Group", "URI": to}, "Permission": permission}
    return {"Grantee": {"Type": "CanonicalUser", "ID": to}, "Permission": permission}


EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
ANY_ACCOUNT = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOGS = "http://acs.amazonaws.com/groups/s3/LogDelivery"
OLD: dict[str, Any] = {"account": None, "own": None, "ownership": None}


def situation(number: str, what: str, right: Status, why: str, judged: Judged, *says: str) -> Situation:
    """One row with one right status."""
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says="".join(says))


EXPOSURE = (
    situation("X1", "all settings on, in account and bucket", PASS, "nothing can be public", blocked()),
    situation(
        "X1-account", "the bucket has no settings, the account has all", PASS, "S3 applies either", blocked(own=None)
    ),
    situation(
        "X1-bucket", "the account has no settings, the bucket has all", PASS, "S3 applies either", blocked(account=None)
    ),
    situation(
        "X1-both",
        "two settings in the account, the other two in the bucket",
        PASS,
        "S3 applies each setting that either has",
        blocked(account=ALL[:2], own=ALL[2:]),
    ),
    situation(
        "X1-none",
        "no settings at all",
        FAIL,
        "a policy can open it",
        blocked(account=None, own=None),
        "BlockPublicPolicy",
    ),
    situation(
        "X1-acls",
        "the settings of ACLs are off, and ACLs are disabled",
        PASS,
        "without ACLs there is none to block",
        blocked(account=None, own=ALL[2:]),
    ),
    situation(
        "X1-acls-on",
        "the settings of ACLs are off, and ACLs are enabled",
        FAIL,
        "an upload with --acl public-read is public",
        blocked(account=None, own=ALL[2:], ownership="ObjectWriter"),
        "IgnorePublicAcls",
    ),
    situation(
        "X1-old", "an old bucket: ACLs enabled, all settings on", PASS, "no ACL is public", blocked(ownership=None)
    ),
    situation(
        "X1-one",
        "RestrictPublicBuckets is off everywhere",
        FAIL,
        "a policy from before stays public",
        blocked(account=ALL[:3], own=ALL[:3]),
        "RestrictPublicBuckets",
    ),
    situation(
        "X1-new", "an ownership that AWS has added", UNVERIFIED, "its meaning is unknown", blocked(ownership="Shared")
    ),
    situation("X2", "no policy, no grant", PASS, "nobody is named", shared()),
    situation(
        "X2-tls",
        "a policy that denies connections without TLS",
        PASS,
        "it allows nothing",
        shared(policy=[allow("*", {"Bool": {"aws:SecureTransport": "false"}}, "Deny")]),
    ),
    situation(
        "X2-other",
        "another account may read",
        FAIL,
        "it is not declared",
        shared(policy=[allow({"AWS": THEIRS})]),
        THEIRS,
    ),
    situation(
        "X2-declared",
        "another account may read, and is declared",
        PASS,
        "it is shared on purpose",
        shared(policy=[allow({"AWS": THEIRS})], with_accounts=(THEIRS,)),
    ),
    situation(
        "X2-own",
        "the account itself may read",
        PASS,
        "it is the owner's",
        shared(policy=[allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})]),
    ),
    situation(
        "X2-cdn",
        "CloudFront may read for one distribution",
        PASS,
        "the usual way to serve a private bucket",
        shared(
            policy=[
                allow(
                    {"Service": "cloudfront.amazonaws.com"},
                    {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"}},
                )
            ]
        ),
    ),
    situation(
        "X2-trail",
        "CloudTrail may write, as its console set it up",
        PASS,
        "it is a service of AWS",
        shared(policy=[allow({"Service": "cloudtrail.amazonaws.com"})]),
    ),
    situation(
        "X2-org",
        "everybody of the organization",
        PASS,
        "a stranger is in none",
        shared(policy=[allow("*", {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}})], **OLD),
    ),
    situation(
        "X2-vpc",
        "everybody who comes through our endpoint",
        PASS,
        "a stranger does not",
        shared(policy=[allow("*", {"StringEquals": {"aws:SourceVpce": "vpce-1"}})], **OLD),
    ),
    situation(
        "X2-public",
        "everybody may read, and nothing restricts it",
        FAIL,
        "it is public",
        shared(policy=[allow("*")], **OLD),
        "everybody",
    ),
    situation(
        "X2-agent",
        "everybody with a certain user agent",
        FAIL,
        "everybody can send it",
        shared(policy=[allow("*", {"StringLike": {"aws:UserAgent": "ours*"}})], **OLD),
        "everybody",
    ),
    situation(
        "X2-restricted",
        "everybody may read, and RestrictPublicBuckets is on",
        PASS,
        "S3 limits it to the account",
        shared(policy=[allow("*")]),
    ),
    situation(
        "X2-mixed",
        "the same, with another account beside everybody",
        PASS,
        "S3 limits a public policy as a whole",
        shared(policy=[allow("*"), allow({"AWS": THEIRS})]),
    ),
    situation(
        "X2-not",
        "all but one principal are allowed",
        FAIL,
        "NotPrincipal allows everybody else",
        shared(
            policy=[{**{k: v for k, v in allow("*").items() if k != "Principal"}, "NotPrincipal": {"AWS": ACCOUNT}}],
            **OLD,
        ),
        "everybody",
    ),
    situation(
        "X2-point",
        "the policy leaves it to the account's access points",
        UNVERIFIED,
        "their policies decide, and they are not read",
        shared(policy=[allow("*", {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}})], **OLD),
        "access points",
    ),
    situation(
        "X2-user",
        "a canonical user of another account",
        UNVERIFIED,
        "AWS does not tell whose it is",
        shared(policy=[allow({"CanonicalUser": OTHER})]),
    ),
    situation(
        "X2-owner",
        "the canonical user of the account",
        PASS,
        "it is the owner",
        shared(policy=[allow({"CanonicalUser": OWNER})]),
    ),
    situation(
        "X2-broken",
        "a policy with an element that nobody knows",
        UNVERIFIED,
        "it cannot be evaluated",
        shared(policy=[{**allow("*"), "Unless": {}}]),
    ),
    situation(
        "X3", "an ACL lets everybody read", FAIL, "it is public", shared(grants=(grant(EVERYBODY),), **OLD), "READ"
    ),
    situation(
        "X3-any",
        "an ACL lets every AWS account read",
        FAIL,
        "it is as public",
        shared(grants=(grant(ANY_ACCOUNT),), **OLD),
    ),
    situation(
        "X3-ignored",
        "the same, and IgnorePublicAcls is on",
        PASS,
        "S3 ignores it",
        shared(grants=(grant(EVERYBODY),), ownership=None),
    ),
    situation(
        "X3-disabled",
        "the same, and ACLs are disabled",
        PASS,
        "there are no ACLs",
        shared(grants=(grant(EVERYBODY),), account=None, own=None),
    ),
    situation(
        "X3-user",
        "an ACL grants to another canonical user",
        UNVERIFIED,
        "AWS does not tell whose it is",
        shared(grants=(grant(OTHER),), ownership=None),
    ),
    situation(
        "X3-logs",
        "an ACL lets S3 and CloudFront deliver logs",
        PASS,
        "they are services of AWS",
        shared(grants=(grant(LOGS, "WRITE"), grant(CLOUDFRONT, "FULL_CONTROL")), ownership=None),
    ),
)


def lifecycle(*rules: dict[str, Any], versioning: str | None = "Enabled", **more: Any) -> Answers:
    """The answers about a bucket with these rules."""
    return {
        "s3:GetBucketVersioning": answer("s3:GetBucketVersioning", **({"Status": versioning} if versioning else {})),
        "s3:GetBucketLifecycleConfiguration": answer("s3:GetBucketLifecycleConfiguration", Rules=list(rules), **more)
        if rules
        else refusal("NoSuchLifecycleConfiguration", status=404),
    }


def rule(status: str = "Enabled", narrow: dict[str, Any] | None = None, **actions: Any) -> dict[str, Any]:
    """A rule for all objects, or for those of a filter."""
    return {"ID": "tidy", "Status": status, "Filter": narrow or {}, **actions}


def expires(days: int, **more: Any) -> dict[str, Any]:
    """A rule that expires objects."""
    return rule(Expiration={"Days": days}, **more)


def older(days: int, **more: Any) -> dict[str, Any]:
    """The action on older versions."""
    return {"NoncurrentVersionExpiration": {"NoncurrentDays": days, **more}}


def moves(days: int, storage_class: str = "GLACIER", **more: Any) -> dict[str, Any]:
    """A rule that moves objects."""
    return rule(Transitions=[{"Days": days, "StorageClass": storage_class}], **more)


def records(*rules: dict[str, Any], **more: Any) -> Judged:
    """The verdict on whether records of the audit bucket expire early."""
    return judging(no_rule_expires_records, AUDIT, lifecycle(*rules, **more))


def archived(*rules: dict[str, Any], **more: Any) -> Judged:
    """The verdict on whether they are archived."""
    return judging(records_are_archived, AUDIT, lifecycle(*rules, **more))


def expired(*rules: dict[str, Any], prefix: str = "", **more: Any) -> Judged:
    """The verdict on whether exports expire."""
    return judging(objects_expire, EXPORTS.model_copy(update={"prefix": prefix}), lifecycle(*rules, **more))


def versioned(versioning: str | None) -> Judged:
    """The verdict on whether the exports keep versions."""
    return judging(versions_are_kept, EXPORTS, lifecycle(versioning=versioning))


DATE = datetime(2040, 1, 1, tzinfo=UTC)
LIFECYCLES = (
    situation("Y1", "no rules", PASS, "nothing expires", records()),
    situation("Y1-moves", "a rule that archives", PASS, "it deletes nothing", records(moves(90))),
    situation(
        "Y1-uploads",
        "a rule that ends incomplete uploads",
        PASS,
        "they are no records",
        records(rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})),
    ),
    situation(
        "Y1-markers",
        "a rule that removes markers over nothing",
        PASS,
        "it deletes no version",
        records(rule(Expiration={"ExpiredObjectDeleteMarker": True})),
    ),
    situation("Y1-late", "records expire after 2557 days", PASS, "seven years have no more", records(expires(2557))),
    situation(
        "Y1-short", "records expire after 2555 days", FAIL, "two days are missing", records(expires(2555)), "2555 days"
    ),
    situation("Y1-early", "records expire after a year", FAIL, "a marker hides them", records(expires(365))),
    situation(
        "Y1-off",
        "the same rule, disabled",
        PASS,
        "S3 does not apply it",
        records(rule("Disabled", Expiration={"Days": 365})),
    ),
    situation(
        "Y1-part",
        "records with a tag expire after a year",
        FAIL,
        "they are records too",
        records(expires(365, narrow={"Tag": {"Key": "tmp", "Value": "1"}})),
        "tag tmp=1",
    ),
    situation(
        "Y1-date",
        "everything expires on a day of 2040",
        FAIL,
        "so does what is written the day before",
        records(rule(Expiration={"Date": DATE})),
        "2040-01-01",
    ),
    situation(
        "Y1-older",
        "older versions are deleted after 30 days",
        FAIL,
        "one without a lock is lost",
        records(rule(**older(30))),
    ),
    situation(
        "Y1-suspended",
        "versioning is suspended",
        FAIL,
        "an overwrite replaces the record",
        records(versioning="Suspended"),
        "suspended",
    ),
    situation(
        "Y1-never", "versioning was never enabled", FAIL, "S3 leaves the state out then", records(versioning=None)
    ),
    situation(
        "Y1-new",
        "a rule of an unknown status",
        UNVERIFIED,
        "it may delete",
        records(rule("Paused", Expiration={"Days": 1})),
    ),
    situation("Y2", "all objects move to Glacier after 90 days", PASS, "as promised", archived(moves(90))),
    situation(
        "Y2-deep",
        "they move to DEEP_ARCHIVE after 30 days",
        PASS,
        "earlier and deeper",
        archived(moves(30, "DEEP_ARCHIVE")),
    ),
    situation(
        "Y2-steps",
        "first to STANDARD_IA, then to Glacier",
        PASS,
        "they arrive in time",
        archived(
            rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}])
        ),
    ),
    situation(
        "Y2-small",
        "but for objects below 128 KB",
        PASS,
        "S3 does not move those by default",
        archived(moves(90, narrow={"ObjectSizeGreaterThan": 131072})),
    ),
    situation("Y2-none", "no rules", FAIL, "nothing moves them", archived(), "no rule"),
    situation("Y2-ia", "they move to STANDARD_IA only", FAIL, "it is no archive", archived(moves(30, "STANDARD_IA"))),
    situation("Y2-late", "they move after two years", FAIL, "it is later than promised", archived(moves(730))),
    situation(
        "Y2-part", "only one prefix moves", FAIL, "the others stay", archived(moves(90, narrow={"Prefix": "old/"}))
    ),
    situation(
        "Y2-off",
        "the rule is disabled",
        FAIL,
        "S3 does not apply it",
        archived(rule("Disabled", Transitions=[{"Days": 90, "StorageClass": "GLACIER"}])),
        "disabled: tidy",
    ),
    situation(
        "Y2-tiering",
        "they move to INTELLIGENT_TIERING",
        UNVERIFIED,
        "it archives only if it is told to",
        archived(moves(0, "INTELLIGENT_TIERING")),
    ),
    situation(
        "Y3",
        "exports expire after 90 days, older versions after 30 more",
        PASS,
        "as promised",
        expired(expires(90, **older(30))),
    ),
    situation(
        "Y3-plain",
        "the same, and the bucket never kept versions",
        PASS,
        "expiry deletes",
        expired(expires(90), versioning=None),
    ),
    situation(
        "Y3-stay",
        "the same, and the bucket keeps versions",
        FAIL,
        "the data stays below a marker",
        expired(expires(90)),
        "older versions",
    ),
    situation(
        "Y3-suspended",
        "the same, and versioning is suspended",
        FAIL,
        "versions from before stay",
        expired(expires(90), versioning="Suspended"),
    ),
    situation(
        "Y3-two", "two rules: one for each kind of version", PASS, "both apply", expired(expires(90), rule(**older(1)))
    ),
    situation(
        "Y3-keep",
        "three older versions are kept",
        FAIL,
        "they are never deleted",
        expired(expires(90, **older(30, NewerNoncurrentVersions=3))),
    ),
    situation(
        "Y3-late", "exports expire after a year", FAIL, "it is later", expired(expires(365, **older(1))), "later"
    ),
    situation(
        "Y3-soon",
        "exports expire after 30 days",
        FAIL,
        "they are gone early",
        expired(expires(30, **older(1))),
        "earlier",
    ),
    situation(
        "Y3-off",
        "the rule is disabled",
        FAIL,
        "S3 does not apply it",
        expired(rule("Disabled", Expiration={"Days": 90})),
        "disabled: tidy",
    ),
    situation("Y3-none", "no rules", FAIL, "nothing expires", expired()),
    situation(
        "Y3-prefix",
        "the rule is for the declared prefix",
        PASS,
        "all of it expires",
        expired(expires(90, narrow={"Prefix": "reports/"}, **older(1)), prefix="reports/"),
    ),
    situation(
        "Y3-legacy",
        "the same, as rules were written before 2016",
        PASS,
        "AWS still accepts it",
        expired(
            {"Status": "Enabled", "Prefix": "reports/", "Expiration": {"Days": 90}, **older(1)}, prefix="reports/pdf/"
        ),
    ),
    situation(
        "Y3-below",
        "the rule is for a part of the prefix",
        FAIL,
        "the rest stays",
        expired(expires(90, narrow={"Prefix": "reports/pdf/"}, **older(1)), prefix="reports/"),
    ),
    situation(
        "Y3-tag",
        "the rule is for a tag under the prefix",
        FAIL,
        "what has no tag stays",
        expired(expires(90, narrow={"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}, **older(1))),
    ),
    situation(
        "Y3-temporary",
        "a part expires earlier",
        PASS,
        "the rest expires as promised",
        expired(expires(90, **older(1)), expires(1, narrow={"Prefix": "tmp/"})),
    ),
    situation("Y4", "versioning is enabled", PASS, "as promised", versioned("Enabled")),
    situation("Y4-suspended", "versioning is suspended", FAIL, "new versions replace", versioned("Suspended")),
    situation("Y4-never", "versioning was never enabled", FAIL, "S3 leaves the state out then", versioned(None)),
    situation("Y4-new", "an unknown state", UNVERIFIED, "its meaning is unknown", versioned("Pausing")),
)


@each((*EXPOSURE, *LIFECYCLES))
def test_a_bucket_is_judged_rightly(situation: Situation) -> None:
    """Each situation gets the verdict that is right."""
    situation.test()
