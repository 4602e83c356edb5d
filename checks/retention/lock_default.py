"""Judges the rule by which an audit bucket locks every new object version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.check import check
from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed
from basewatch.quantities import format_duration
from checks.retention.lock_mode import LockMode

_NO_LOCK = "ObjectLockConfigurationNotFoundError"
# The Gregorian mean year, as a promise in years is read too: 7 x 365 days is seen to be short of 7 years.
_YEAR = timedelta(days=365.25)


class _Switch(StrEnum):
    """The one value that AWS documents for ObjectLockEnabled."""

    ENABLED = "Enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLock:
    """A bucket's Object Lock configuration; without a rule, `mode` is None and new versions are not locked."""

    enabled: bool
    mode: LockMode | None = None
    days: int = 0
    years: int = 0

    @property
    def retention(self) -> timedelta:
        """How long a new version is locked."""
        return timedelta(days=self.days) + self.years * _YEAR

    def __str__(self) -> str:
        if not self.enabled:
            return "no Object Lock"
        if self.mode is None:
            return "Object Lock without a default retention"
        return f"{self.mode}, " + (f"{self.years} years" if self.years else f"{self.days} days")


def default_lock(aws: AwsClient, bucket: AuditBucket) -> DefaultLock:
    """The bucket's Object Lock configuration, as GetObjectLockConfiguration gives it."""
    answer = aws.call("s3", "GetObjectLockConfiguration", accepted_errors=(_NO_LOCK,), Bucket=bucket.name)
    if accepted_error(answer) == _NO_LOCK:
        return DefaultLock(enabled=False)
    required(answer, "ObjectLockConfiguration", "ObjectLockEnabled", kind=_Switch)
    rule = ("ObjectLockConfiguration", "Rule", "DefaultRetention")
    mode = optional(answer, *rule, "Mode", kind=LockMode)
    if mode is None:
        return DefaultLock(enabled=True)
    days, years = optional(answer, *rule, "Days", kind=int), optional(answer, *rule, "Years", kind=int)
    if not days and not years:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "the default retention has a mode and neither days nor years")
    return DefaultLock(enabled=True, mode=mode, days=days or 0, years=years or 0)


@check(
    "retention.s3.lock_default",
    component=AuditBucket,
    observe=default_lock,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("s3:GetBucketObjectLockConfiguration",),
    promises=("object_lock",),
)
def new_versions_are_locked(lock: DefaultLock, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """The audit bucket locks every new object version for the promised time, in the promised mode.

    Why: A record that is written without a lock can be deleted or replaced by whoever may write, and nobody could
    tell. The rule itself is not locked: whoever may call PutBucketObjectLockConfiguration can weaken it for all that
    is written later.
    Reads: s3:GetObjectLockConfiguration of the bucket. A year counts 365.25 days, so 2555 days are short of 7 years.
    Unverified when: The call is denied, throttled or fails, or the rule has a mode and no period.
    Fix: aws s3api put-object-lock-configuration with the promised mode and period as the default retention. It holds
    for versions written from then on; extend those written before with put-object-retention.
    Source: Amazon S3 User Guide, Locking objects with Object Lock,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    promise = bucket.object_lock
    expected = f"{promise.mode}, {format_duration(promise.retention)} or longer"
    if lock.mode is None:
        yield failed("New versions are not locked", observed=str(lock), expected=expected)
    elif not lock.mode.at_least_as_strict(promise.mode):
        summary = f"New versions are locked in {lock.mode} mode, which can be bypassed"
        yield failed(summary, observed=str(lock), expected=expected)
    elif lock.retention < promise.retention:
        short = format_duration(promise.retention - lock.retention)
        yield failed(f"New versions are locked for {short} less than promised", observed=str(lock), expected=expected)
    else:
        yield passed("New versions are locked as promised", observed=str(lock), expected=expected)
