"""Checks of the lifecycle that an S3 bucket promises: objects are deleted at an age, and older versions are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import Bucket
from basewatch.model import Proof, Severity, Verdict, failed, passed
from basewatch.quantities import format_duration
from checks.retention.lifecycle import LIFECYCLE_NEEDS, BucketLifecycle, Versioning, bucket_lifecycle


@check(
    "retention.s3.expiry",
    component=Bucket,
    observe=bucket_lifecycle,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=LIFECYCLE_NEEDS,
    promises=("expires_after",),
)
def objects_expire(lifecycle: BucketLifecycle, bucket: Bucket, now: datetime) -> Iterator[Verdict]:
    """S3 deletes the objects of the bucket at the promised age, and not before.

    Why: Exports of customers' data that nobody deletes are kept for ever, and paid for; those that are deleted early
    are gone before somebody has fetched them.
    Reads: s3:GetBucketLifecycleConfiguration: an enabled rule for all keys under the prefix that expires objects.
    s3:GetBucketVersioning: where versions were ever kept, expiry only hides an object, so a rule has to delete the
    older versions too, and keep none of them. Rules for a part of the keys, and those with a date, do not count. That
    S3 has deleted the objects is not read.
    Unverified when: A call is denied, throttled or fails, or the status of the versioning or of a rule is unknown.
    Fix: aws s3api put-bucket-lifecycle-configuration with Expiration of the promised days, and with
    NoncurrentVersionExpiration if the bucket keeps versions.
    Source: Amazon S3 User Guide, Expiring objects,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
    """
    if bucket.expires_after is None:
        return
    whole = [rule for rule in lifecycle.rules if rule.covers(bucket.prefix)]
    days = min((rule.expires_days for rule in whole if rule.expires_days), default=None)
    older = min(
        (rule.noncurrent_days for rule in whole if rule.noncurrent_days and not rule.kept_versions), default=None
    )
    keeps_versions = lifecycle.versioning is not Versioning.NEVER
    disabled = f"; disabled: {', '.join(lifecycle.disabled)}" if lifecycle.disabled else ""
    expected = f"deleted after {format_duration(bucket.expires_after)}"
    if days is None:
        listing = "; ".join(str(rule) for rule in lifecycle.rules) or "no enabled lifecycle rule"
        yield failed("No lifecycle rule deletes all objects", observed=listing + disabled, expected=expected)
        return
    observed = f"deleted after {days} days" + (f", older versions {older} days later" if older else "")
    late = timedelta(days=days) - bucket.expires_after
    if late > timedelta():
        summary = f"Objects are deleted {format_duration(late)} later than promised"
        yield failed(summary, observed=observed, expected=expected)
    elif -late >= timedelta(days=1):
        summary = f"Objects are deleted {format_duration(-late)} earlier than promised"
        yield failed(summary, observed=observed, expected=expected)
    elif keeps_versions and older is None:
        summary = "Expired objects stay as older versions, which no rule deletes"
        yield failed(summary, observed=observed, expected=expected)
    else:
        yield passed("Objects are deleted at the promised age", observed=observed, expected=expected)


@check(
    "retention.s3.versioned",
    component=Bucket,
    observe=bucket_lifecycle,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=LIFECYCLE_NEEDS,
    promises=("versioned",),
)
def versions_are_kept(lifecycle: BucketLifecycle, bucket: Bucket, now: datetime) -> Iterator[Verdict]:
    """The bucket keeps the older versions of its objects.

    Why: Without versions, an object that is overwritten or deleted by mistake is gone at once.
    Reads: s3:GetBucketVersioning: Status, which S3 leaves out for a bucket that never kept versions.
    Unverified when: A call is denied, throttled or fails, or the status is unknown.
    Fix: aws s3api put-bucket-versioning with Status=Enabled.
    Source: Amazon S3 User Guide, Retaining multiple versions of objects with S3 Versioning,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    """
    if lifecycle.versioning is Versioning.ENABLED:
        yield passed("Older versions are kept", observed=lifecycle.versioning, expected="Enabled")
    else:
        summary = f"Versioning is {lifecycle.versioning.lower()}"
        yield failed(summary, observed=lifecycle.versioning, expected="Enabled")
