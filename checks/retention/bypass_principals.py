"""A check that nobody but the declared guardians may unlock, hide or expire the records of an audit bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, required
from basewatch.check import check
from basewatch.components import AuditBucket
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import (
    ANYBODY,
    DETAILS_NEEDS,
    Policy,
    Request,
    account_identities,
    openings,
    parse_policy,
    who_may,
)
from basewatch.policies.patterns import covers, overlaps
from checks.access.at_will import AT_WILL
from checks.access.named import named

_OF_BUCKET = (
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
)
_OF_RECORDS = (
    "s3:BypassGovernanceRetention",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectRetention",
)
# What a request to S3 says of itself; what an object has, such as its tags, is not known.
_FREE = ("s3:x-amz-*", "s3:object-lock-*", "s3:versionid", "s3:prefix", "s3:authtype", "s3:signature*", "s3:tlsversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """A principal and what it may do to the records; `unknown` are the conditions on which this depends."""

    principal: str
    actions: tuple[str, ...]
    through: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPowers:
    """Who may unlock, hide or expire the records of a bucket: by sure permissions, and by some that are not sure."""

    identities: int
    certain: tuple[Power, ...]
    uncertain: tuple[Power, ...]


def record_powers(aws: AwsClient, bucket: AuditBucket) -> RecordPowers:
    """Who may, from GetBucketPolicy and GetAccountAuthorizationDetails."""
    answer = aws.call("s3", "GetBucketPolicy", accepted_errors=("NoSuchBucketPolicy",), Bucket=bucket.name)
    document = None if accepted_error(answer) else required(answer, "Policy", kind=str)
    policy = parse_policy(document, f"policy of bucket {bucket.name}") if document else None
    identities = account_identities(aws)
    arn = f"arn:{identities[0].requester.arn.split(':')[1]}:s3:::{bucket.name}"
    account = (aws.account_id,)
    context = AT_WILL.having({"aws:resourceaccount": account, "s3:resourceaccount": account}, _FREE)
    requests = [
        Request(requester=ANYBODY, action=action, resource=resource, context=context)
        for actions, resource in ((_OF_BUCKET, arn), (_OF_RECORDS, f"{arn}/*"))
        for action in actions
    ]
    certain, uncertain = list[Power](), list[Power]()
    for identity in identities:
        permitted = who_may([identity], requests, policy, account=aws.account_id)
        for powers, sure in ((certain, True), (uncertain, False)):
            if found := [each for each in permitted if each.certain is sure]:
                powers.append(
                    Power(
                        principal=identity.ref,
                        actions=tuple(each.action for each in found),
                        through=found[0].through[0] if found[0].through else "",
                        unknown=() if sure else found[0].missing,
                    )
                )
    certain += _strangers(policy, aws.account_id)
    return RecordPowers(identities=len(identities), certain=tuple(certain), uncertain=tuple(uncertain))


def _strangers(policy: Policy | None, account: str) -> Iterator[Power]:
    """Who gets such a power by the bucket's policy alone, from outside the account."""
    for opening in openings(policy, known_accounts=[account]) if policy else ():
        actions = tuple(
            action
            for action in (*_OF_BUCKET, *_OF_RECORDS)
            if any(each.startswith("all but ") or overlaps(each, action.lower()) for each in opening.actions)
        )
        if actions:
            yield Power(principal=opening.to, actions=actions, through=opening.statement)


@check(
    "retention.s3.bypass_principals",
    component=AuditBucket,
    observe=record_powers,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=(*DETAILS_NEEDS, "s3:GetBucketPolicy"),
    promises=("guardians",),
)
def only_guardians_touch_records(facts: RecordPowers, bucket: AuditBucket, _now: datetime) -> Iterator[Verdict]:
    """Nobody but the declared guardians may unlock, hide, delete or expire the bucket's records.

    Why: Who may shorten a lock, delete versions, put delete markers over them or let them expire can hide what
    happened.
    Reads: iam:GetAccountAuthorizationDetails and s3:GetBucketPolicy: each user's and role's policies, groups and
    boundary, and the bucket's policy, evaluated with their conditions for s3:BypassGovernanceRetention,
    PutObjectRetention, DeleteObject, DeleteObjectVersion, PutBucketObjectLockConfiguration, PutBucketVersioning,
    PutLifecycleConfiguration, PutBucketPolicy and DeleteBucketPolicy. What a principal can bring about, such as MFA,
    counts as true. Not read: the root user, service-linked roles, policies of the organization and of access points.
    In COMPLIANCE mode a locked version stays whoever asks; a delete marker can still hide it.
    Unverified when: A call is denied, throttled or fails, a policy cannot be read, or permission depends on a condition
    of which nothing is known.
    Fix: Remove the actions from the principal's policies, or deny them in the bucket's policy to everybody but the
    guardians. Who has to have them is declared in `guardians`.
    Source: Amazon S3 User Guide, Managing Object Lock,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    expected = f"only {', '.join(bucket.guardians)}"
    certain = [each for each in facts.certain if not _is_guardian(each, bucket)]
    uncertain = [each for each in facts.uncertain if not _is_guardian(each, bucket)]
    observed = "; ".join(
        f"{each.principal} may {', '.join(each.actions)} by {each.through}" for each in certain or uncertain
    )
    if certain:
        who = named(list(dict.fromkeys(each.principal for each in certain)))
        yield failed(f"{who} may unlock, hide or expire records", observed=observed, expected=expected)
    elif uncertain:
        who = named(list(dict.fromkeys(each.principal for each in uncertain)))
        summary = f"{who} may touch records under a condition that is not known"
        remedy = f"See whether {', '.join(uncertain[0].unknown)} can be as the policy demands, and deny the actions."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        observed = f"none of {facts.identities} users and roles but the guardians"
        yield passed("Only guardians may touch the records", observed=observed, expected=expected)


def _is_guardian(power: Power, bucket: AuditBucket) -> bool:
    return any(covers(pattern, power.principal) for pattern in bucket.guardians)
