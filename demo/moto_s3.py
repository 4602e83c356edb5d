"""Corrections of moto's S3: Object Lock, versioning and bucket policies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3 import models, responses
from moto.s3.exceptions import AccessDeniedByLock, InvalidBucketState, LockNotEnabled, S3ClientError

from demo.account import patch
from demo.moto_objects import retain_until_date

_get_key_response = responses.S3Response._key_response_get  # noqa: SLF001  # moto has no public hook
_put_versioning = models.S3Backend.put_bucket_versioning
_put_retention = models.S3Backend.put_object_retention


def patch_retention_years() -> None:
    """Seven years end on the same day of the year; moto counts 2,555 days.

    A default retention is given in days or years and counted from the object's creation:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    patch(models.FakeBucket, "default_retention", lambda bucket: retain_until_date(bucket, datetime.now(UTC)))


def patch_get_object_retention() -> None:
    """GetObjectRetention returns mode and date, or NoSuchObjectLockConfiguration; moto returns the object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
    """
    patch(responses.S3Response, "_key_response_get", _key_response_get)


def patch_compliance_mode() -> None:
    """PutObjectRetention can only extend a COMPLIANCE retention; moto allows every change.

    "its retention mode can't be changed, and its retention period can't be shortened":
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    patch(models.S3Backend, "put_object_retention", _retain)


def patch_versioning() -> None:
    """Versioning of a bucket with Object Lock cannot be suspended; moto suspends it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    patch(models.S3Backend, "put_bucket_versioning", _version)


def patch_put_object_lock() -> None:
    """The default retention of a bucket with objects can be changed or removed; moto requires an empty bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
    """
    patch(models.S3Backend, "put_object_lock_configuration", _configure_lock)


def patch_get_object_lock() -> None:
    """GetObjectLockConfiguration returns days or years, as they were set; moto returns both.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
    """
    patch(responses.S3Response, "get_object_lock_configuration", _lock_configuration)


def patch_bucket_policies() -> None:
    """A bucket policy has no effect; moto applies a Deny without its Condition.

    On AWS a Deny applies only when its condition holds, and that of a TLS-only bucket does not hold for HTTPS:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
    """
    patch(models.FakeBucket, "get_permission", lambda _bucket, _action, _resource: PermissionResult.NEUTRAL)


def install() -> None:
    """Install every patch of this module; a second installation changes nothing."""
    patch_retention_years()
    patch_get_object_retention()
    patch_compliance_mode()
    patch_versioning()
    patch_put_object_lock()
    patch_get_object_lock()
    patch_bucket_policies()


def _key_response_get(response: Any, query: dict[str, Any], key_name: str) -> Any:
    if "retention" not in query:
        return _get_key_response(response, query, key_name)
    version, _ = response._get_key(validate_storage_class=False)  # noqa: SLF001  # as moto's own methods do
    if not response.backend.get_bucket(response.bucket_name).object_lock_enabled:
        raise LockNotEnabled
    if not version.lock_mode:
        raise _NoRetention
    response.data["Action"] = "GetObjectRetention"
    retention = {"Mode": version.lock_mode, "RetainUntilDate": version.lock_until}
    return response.serialized(ActionResult({"Retention": retention}))


class _NoRetention(S3ClientError):
    code = "NoSuchObjectLockConfiguration"
    status_code = 404

    def __init__(self) -> None:
        super().__init__(self.code, "The specified object does not have a ObjectLock configuration")


def _retain(
    s3: Any, bucket_name: str, key_name: str, version_id: str | None, retention: tuple[str | None, str | None]
) -> None:
    if _weakens(s3.get_object(bucket_name, key_name, version_id=version_id), *retention):
        raise AccessDeniedByLock
    until = retention[1]
    if until is not None and _moment(until) <= datetime.now(UTC):
        raise S3ClientError("InvalidArgument", "The retain until date must be in the future!")
    _put_retention(s3, bucket_name, key_name, version_id, retention)


def _weakens(version: Any, mode: str | None, until: str | None) -> bool:
    if version is None or version.lock_mode != "COMPLIANCE" or not version.is_locked(governance_bypass=True):
        return False
    return mode != "COMPLIANCE" or _moment(until) < _moment(version.lock_until)


def _moment(stamp: str | None) -> datetime:
    return datetime.fromisoformat(stamp).astimezone(UTC) if stamp else datetime.min.replace(tzinfo=UTC)


def _version(s3: Any, bucket_name: str, status: str) -> None:
    if status != "Enabled" and s3.get_bucket(bucket_name).object_lock_enabled:
        raise InvalidBucketState(
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        )
    _put_versioning(s3, bucket_name, status)


def _configure_lock(s3: Any, bucket_name: str, *configuration: Any) -> None:
    enabled, mode, days, years = configuration
    bucket = s3.get_bucket(bucket_name)
    if not bucket.is_versioned:
        raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
    bucket.object_lock_enabled = bucket.object_lock_enabled or enabled
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years


def _lock_configuration(response: Any) -> Any:
    enabled, mode, days, years = response.backend.get_object_lock_configuration(response.bucket_name)
    configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled" if enabled else "Disabled"}
    if mode:
        unit = {"Days": days} if days else {"Years": years}
        configuration["Rule"] = {"DefaultRetention": {"Mode": mode, **unit}}
    response.data["Action"] = "GetObjectLockConfiguration"
    return response.serialized(ActionResult({"ObjectLockConfiguration": configuration}))
