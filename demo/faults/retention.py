"""Faults of the emulated audit bucket: records that are not locked, or hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import backend
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_BUCKET = "securebase-production-audit-logs"


def _failing(check: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"audit_bucket/{_BUCKET}", status=Status.FAIL)


def _lock_rule(mode: str | None) -> Callable[[Sandbox], None]:
    """Sets the audit bucket's default retention to 7 years in this mode, or removes it."""

    def put(sandbox: Sandbox) -> None:
        configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if mode is not None:
            configuration["Rule"] = {"DefaultRetention": {"Mode": mode, "Years": 7}}
        s3 = sandbox.aws.client("s3")
        s3.put_object_lock_configuration(Bucket=_BUCKET, ObjectLockConfiguration=configuration)

    return put


def _unlock(_sandbox: Sandbox) -> None:
    # S3 allows this to no one; it represents a version that is older than the default retention.
    version = _newest_record()
    version.unlocked = (version.lock_mode, version.lock_until)
    version.lock_mode = version.lock_until = None


def _restore_lock(_sandbox: Sandbox) -> None:
    version = _newest_record()
    version.lock_mode, version.lock_until = version.unlocked


def _hide(sandbox: Sandbox) -> None:
    sandbox.aws.client("s3").delete_object(Bucket=_BUCKET, Key=_newest_record().name)


def _show(sandbox: Sandbox) -> None:
    s3 = sandbox.aws.client("s3")
    for marker in s3.list_object_versions(Bucket=_BUCKET).get("DeleteMarkers", ()):
        s3.delete_object(Bucket=_BUCKET, Key=marker["Key"], VersionId=marker["VersionId"])


def _newest_record() -> Any:
    bucket = backend("s3").get_bucket(_BUCKET)
    versions = (version for _, versions in bucket.keys.iterlists() for version in versions)
    return max(versions, key=lambda version: version.last_modified)


RETENTION_FAULTS = (
    Fault(
        name="lock-rule-removed",
        title="Someone removes the audit bucket's default retention",
        apply=_lock_rule(None),
        repair=_lock_rule("COMPLIANCE"),
        expected_findings=(_failing("retention.s3.lock_default"),),
    ),
    Fault(
        name="lock-rule-governance",
        title="Someone weakens the audit bucket's default retention to GOVERNANCE",
        apply=_lock_rule("GOVERNANCE"),
        repair=_lock_rule("COMPLIANCE"),
        expected_findings=(_failing("retention.s3.lock_default"),),
    ),
    Fault(
        name="object-unlocked",
        title="The audit bucket holds a record without a lock",
        apply=_unlock,
        repair=_restore_lock,
        expected_findings=(_failing("retention.s3.lock_versions"),),
    ),
    Fault(
        name="record-hidden",
        title="Someone deletes a record of the audit bucket, which leaves a delete marker over it",
        apply=_hide,
        repair=_show,
        expected_findings=(_failing("retention.s3.delete_markers"),),
    ),
)
