"""A check of an audit bucket's default retention, which locks every new object version."""

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
from checks.retention.calendar_years import longest, shortest, whole_years

_NO_LOCK = "ObjectLockConfigurationNotFoundError"


class LockMode(StrEnum):
    """The mode of an Object Lock: s3:BypassGovernanceRetention bypasses GOVERNANCE, nothing bypasses COMPLIANCE."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"

    def at_least_as_strict(self, required_mode: str) -> bool:
        """Whether this mode is at least as strict as the required one."""
        modes = list(LockMode)
        return modes.index(self) >= modes.index(LockMode(required_mode))


class _LockStatus(StrEnum):
    """ObjectLockEnabled, of which AWS documents one value."""

    ENABLED = "Enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultLock:
    """A bucket's Object Lock configuration; `mode` is None when it has no default retention."""

    enabled: bool
    mode: LockMode | None = None
    days: int = 0
    years: int = 0

    def shortfall(self, promise: timedelta) -> timedelta:
        """By how much the lock of a version written on some day is shorter than promised; zero when of none."""
        promised_years = whole_years(promise)
        if self.years and promised_years is not None:
            return max(shortest(promised_years) - shortest(self.years), timedelta())
        length = shortest(self.years) if self.years else timedelta(days=self.days)
        return max(longest(promise) - length, timedelta())

    def __str__(self) -> str:
        if not self.enabled:
            return "no Object Lock"
        if self.mode is None:
            return "Object Lock without a default retention"
        return f"{self.mode}, " + (f"{self.years} years" if self.years else f"{self.days} days")


def default_lock(aws: AwsClient, bucket: AuditBucket) -> DefaultLock:
    """The Object Lock configuration of the bucket, by GetObjectLockConfiguration."""
    answer = aws.call("s3", "GetObjectLockConfiguration", accepted_errors=(_NO_LOCK,), Bucket=bucket.name)
    if accepted_error(answer) == _NO_LOCK:
        return DefaultLock(enabled=False)
    required(answer, "ObjectLockConfiguration", "ObjectLockEnabled", kind=_LockStatus)
    rule = ("ObjectLockConfiguration", "Rule", "DefaultRetention")
    mode = optional(answer, *rule, "Mode", kind=LockMode)
    if mode is None:
        return DefaultLock(enabled=True)
    days, years = optional(answer, *rule, "Days", kind=int), optional(answer, *rule, "Years", kind=int)
    if not days and not years:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "the default retention has a mode but neither days nor years")
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
    """The audit bucket locks every new object version for the promised retention, in the promised mode.

    Why: A record without a lock can be deleted or replaced without a trace by every role that can write to the bucket.
    The default retention itself is not locked: a role with s3:PutBucketObjectLockConfiguration can weaken it for all
    later versions.
    Reads: s3:GetObjectLockConfiguration of the bucket. Seven years from any day have up to 2557 days, so a lock of 2556
    days is shorter than 7 years.
    Unverified when: The call is denied, throttled or fails, or the default retention has a mode but no period.
    Fix: aws s3api put-object-lock-configuration with the promised mode and period as the default retention. It applies
    to versions written from then on; extend the locks of older versions with put-object-retention.
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
    elif shortfall := lock.shortfall(promise.retention):
        summary = f"New versions are locked for {format_duration(shortfall)} less than promised"
        yield failed(summary, observed=str(lock), expected=expected)
    else:
        yield passed("New versions are locked as promised", observed=str(lock), expected=expected)
