"""Checks of what the lifecycle of an audit bucket does to its records: none expires early, and all are archived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import AuditBucket
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.retention.calendar_years import longest
from checks.retention.lifecycle import LIFECYCLE_NEEDS, BucketLifecycle, LifecycleRule, Versioning, bucket_lifecycle

_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"})
# An object moves to one of these first, or is in one; it is in no archive then.
_OTHERS = frozenset({"STANDARD_IA", "ONEZONE_IA"})
# S3 does not move smaller objects unless told to.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
_SMALL_BYTES = 128 * 1024


@check(
    "retention.s3.lifecycle_versioning",
    component=AuditBucket,
    observe=bucket_lifecycle,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=LIFECYCLE_NEEDS,
    promises=("object_lock",),
)
def no_rule_expires_records(lifecycle: BucketLifecycle, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """The audit bucket keeps versions, and no lifecycle rule expires a record before its retention ends.

    Why: A rule that expires a record adds a delete marker over it, although its version is locked, so that no reader
    finds it; a version without a lock is deleted. Without versioning there is no lock at all.
    Reads: s3:GetBucketVersioning and s3:GetBucketLifecycleConfiguration: the enabled rules that expire current or
    older versions, whatever their filter. Seven years have up to 2557 days, so a rule of 2555 days is too early. A
    rule with a date expires what was written the day before. Rules that only remove delete markers over nothing, or
    incomplete uploads, expire no record.
    Unverified when: A call is denied, throttled or fails, or the status of the versioning or of a rule is unknown.
    Fix: Remove the rule, or give it the days of the retention: aws s3api put-bucket-lifecycle-configuration. Enable
    versioning: aws s3api put-bucket-versioning.
    Source: Amazon S3 User Guide, Object Lock considerations,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    retention = bucket.object_lock.retention
    expected = f"versioning Enabled, nothing expires within {format_duration(retention)}"
    early = [words for rule in lifecycle.rules for words in _early(rule, longest(retention))]
    if lifecycle.versioning is not Versioning.ENABLED:
        yield failed(f"Versioning is {lifecycle.versioning.lower()}", observed=lifecycle.versioning, expected=expected)
    elif early:
        summary = "A lifecycle rule expires records before their retention ends"
        yield failed(summary, observed="; ".join(early), expected=expected)
    else:
        observed = f"versioning Enabled, {len(lifecycle.rules)} enabled lifecycle rules"
        yield passed("No lifecycle rule expires a record early", observed=observed, expected=expected)


def _early(rule: LifecycleRule, retention: timedelta) -> Iterator[str]:
    """What the rule expires too early, in words."""
    if rule.expires_on is not None:
        yield f"{rule} expires what is there on {rule.expires_on:%Y-%m-%d}"
    if rule.expires_days is not None and timedelta(days=rule.expires_days) < retention:
        yield f"{rule} expires objects after {rule.expires_days} days"
    if rule.noncurrent_days is not None and timedelta(days=rule.noncurrent_days) < retention:
        yield f"{rule} deletes older versions after {rule.noncurrent_days} days"


@check(
    "retention.s3.archive",
    component=AuditBucket,
    observe=bucket_lifecycle,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=LIFECYCLE_NEEDS,
    promises=("archive_after",),
)
def records_are_archived(lifecycle: BucketLifecycle, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """A lifecycle rule moves every record to Glacier at the promised age.

    Why: Records of years in the standard class cost several times as much, and they cannot be deleted to save it.
    Reads: s3:GetBucketLifecycleConfiguration: an enabled rule for all keys that moves objects to GLACIER, GLACIER_IR
    or DEEP_ARCHIVE. A rule may leave out objects of up to 128 KB, which S3 itself does not move by default: an archive
    of small objects costs more than it saves. That S3 has moved them is not read.
    Unverified when: A call is denied, throttled or fails, or a rule moves objects to a class of which it is not known
    whether it is an archive, such as INTELLIGENT_TIERING.
    Fix: aws s3api put-bucket-lifecycle-configuration with a transition to GLACIER at the promised age.
    Source: Amazon S3 User Guide, Transitioning objects using Amazon S3 Lifecycle,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    if bucket.archive_after is None:
        return
    expected = f"an archive class after {format_duration(bucket.archive_after)} at most"
    moves = [(each, rule) for rule in lifecycle.rules for each in rule.transitions]
    good = [
        (each, rule)
        for each, rule in moves
        if each.storage_class in _ARCHIVES
        and each.days is not None
        and timedelta(days=each.days) <= bucket.archive_after
        and rule.covers("", but_sizes_up_to=_SMALL_BYTES)
    ]
    listing = "; ".join(f"{each.storage_class} after {each.days} days by {rule}" for each, rule in moves)
    disabled = f"; disabled: {', '.join(lifecycle.disabled)}" if lifecycle.disabled else ""
    observed = (listing or "no rule that moves objects") + disabled
    unknown = sorted({each.storage_class for each, _ in moves} - _ARCHIVES - _OTHERS)
    if good:
        yield passed("Records are archived", observed=observed, expected=expected)
    elif unknown:
        summary = f"It is not known whether objects in {', '.join(unknown)} are archived"
        remedy = "Move records to GLACIER, GLACIER_IR or DEEP_ARCHIVE by a lifecycle rule."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield failed("No lifecycle rule archives all records in time", observed=observed, expected=expected)
