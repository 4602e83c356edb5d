"""A check that a bucket refuses every request that is made without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, required
from basewatch.check import check
from basewatch.components.storage import BucketComponent
from basewatch.model import Proof, Severity, Verdict, failed, passed
from basewatch.policies import allowed_without_tls, parse_policy

_NO_POLICY = "NoSuchBucketPolicy"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketTls:
    """The document of the bucket's policy; None without one."""

    policy: str | None


def bucket_tls(aws: AwsClient, component: BucketComponent) -> BucketTls:
    """The policy, by GetBucketPolicy. Raises: NotFoundError, when there is no such bucket."""
    answer = aws.call("s3", "GetBucketPolicy", accepted_errors=(_NO_POLICY,), Bucket=component.bucket_name)
    return BucketTls(policy=None if accepted_error(answer) else required(answer, "Policy", kind=str))


@check(
    "encryption.s3.deny_http",
    component=BucketComponent,
    observe=bucket_tls,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("s3:GetBucketPolicy",),
    promises=("tls_only",),
)
def bucket_refuses_http(facts: BucketTls, component: BucketComponent, _now: datetime) -> Iterator[Verdict]:
    """The bucket refuses every request without TLS.

    Why: S3 answers over HTTP as well, in the clear: whoever is on the way reads what is asked for, and its signature.
    Reads: s3:GetBucketPolicy, evaluated for a request by anybody without TLS: only a denial of every action, to every
    principal, on the bucket and on its objects, under no other condition, counts. A statement for some actions,
    principals or prefixes is not enough, whatever its wording.
    Unverified when: The call is denied, throttled or fails, or the policy is no policy of IAM's grammar.
    Fix: Add a statement that denies s3:* to everybody on the bucket and its objects when aws:SecureTransport is false.
    Source: Amazon S3 User Guide, Security best practices for Amazon S3,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    expected = "every request without TLS denied"
    if facts.policy is None:
        yield failed(
            "The bucket has no policy, so S3 also answers without TLS", observed="no policy", expected=expected
        )
        return
    policy = parse_policy(facts.policy, "bucket policy")
    # The partition of a policy's own bucket is that of its resources.
    named = {
        value.split(":")[1]
        for statement in policy.statements
        if statement.resources
        for value in statement.resources.values
        if value.startswith("arn:")
    }
    partition = next(iter(sorted(named)), "aws") if len(named) == 1 else "aws"
    answered = allowed_without_tls(policy, f"arn:{partition}:s3:::{component.bucket_name}")
    if answered:
        observed = f"not denied on {', '.join(answered)}"
        yield failed("The bucket answers requests without TLS", observed=observed, expected=expected)
    else:
        yield passed("The bucket refuses requests without TLS", observed="denied", expected=expected)
