"""The corrected Object Lock of moto answers as S3 does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.account import backend
from demo.emulated_aws import EmulatedAws
from demo.moto_objects import put_backdated, retain_until_date

LOCKED, PLAIN = "test-locked", "test-plain"


@pytest.fixture(name="s3", scope="module")
def _s3(box_cloud: EmulatedAws) -> Iterator[Any]:
    s3 = box_cloud.client("s3")
    s3.create_bucket(Bucket=LOCKED, ObjectLockEnabledForBucket=True)
    s3.create_bucket(Bucket=PLAIN)
    yield s3
    for name in (LOCKED, PLAIN):
        for _, versions in list(backend("s3").get_bucket(name).keys.iterlists()):
            for version in versions:
                version.dispose()
        del backend("s3").buckets[name]


def _rule(s3: Any, **retention: Any) -> None:
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    s3.put_object_lock_configuration(Bucket=LOCKED, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule})


def _retain(s3: Any, key: str, mode: str, until: datetime) -> None:
    s3.put_object_retention(Bucket=LOCKED, Key=key, Retention={"Mode": mode, "RetainUntilDate": until})


def _code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def _in(days: float) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def test_seven_years_end_on_the_same_day_of_the_year(s3: Any) -> None:
    """A default retention in years is counted by the calendar, leap days included."""
    _rule(s3, Mode="COMPLIANCE", Years=7)
    s3.put_object(Bucket=LOCKED, Key="years", Body=b"x")
    found = s3.head_object(Bucket=LOCKED, Key="years")
    until = found["ObjectLockRetainUntilDate"]
    assert (until.year - found["LastModified"].year, until.month, until.day) == (
        7,
        found["LastModified"].month,
        found["LastModified"].day,
    )


def test_a_leap_day_is_locked_until_the_first_of_march(s3: Any) -> None:
    """An object of the 29th of February is locked for at least seven years."""
    _rule(s3, Mode="COMPLIANCE", Years=7)
    until = retain_until_date(backend("s3").get_bucket(LOCKED), datetime(2024, 2, 29, 12, tzinfo=UTC))
    assert until == "2031-03-01T12:00:00Z"


def test_the_default_retention_keeps_its_unit(s3: Any) -> None:
    """The response has days or years, never both."""
    _rule(s3, Mode="GOVERNANCE", Days=30)
    found = s3.get_object_lock_configuration(Bucket=LOCKED)["ObjectLockConfiguration"]
    assert found["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 30}


def test_the_default_retention_of_a_bucket_with_objects_can_be_removed(s3: Any) -> None:
    """Object Lock stays enabled without a default retention, and new objects have no lock."""
    put_backdated(LOCKED, "before", b"x", datetime.now(UTC))
    _rule(s3)
    s3.put_object(Bucket=LOCKED, Key="after", Body=b"x")
    found = s3.get_object_lock_configuration(Bucket=LOCKED)["ObjectLockConfiguration"]
    assert found == {"ObjectLockEnabled": "Enabled"}
    assert "ObjectLockMode" not in s3.head_object(Bucket=LOCKED, Key="after")


def test_retention_can_be_read(s3: Any) -> None:
    """GetObjectRetention returns the mode and the date of one version."""
    s3.put_object(Bucket=LOCKED, Key="read", Body=b"x")
    _retain(s3, "read", "GOVERNANCE", until := _in(1))
    found = s3.get_object_retention(Bucket=LOCKED, Key="read")["Retention"]
    assert found == {"Mode": "GOVERNANCE", "RetainUntilDate": until}


@pytest.mark.parametrize(
    ("bucket", "key", "code"),
    [
        (LOCKED, "unlocked", "NoSuchObjectLockConfiguration"),
        (PLAIN, "unlocked", "InvalidRequest"),
        (LOCKED, "missing", "NoSuchKey"),
    ],
)
def test_missing_retention_is_an_error(s3: Any, bucket: str, key: str, code: str) -> None:
    """GetObjectRetention fails with different errors for an unlocked version, a plain bucket and a missing key."""
    if bucket == LOCKED:
        _rule(s3)
    if key != "missing":
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert _code(lambda: s3.get_object_retention(Bucket=bucket, Key=key)) == code


def test_a_compliance_retention_can_only_be_extended(s3: Any) -> None:
    """A COMPLIANCE retention accepts a later date, and rejects an earlier date and another mode."""
    s3.put_object(Bucket=LOCKED, Key="locked", Body=b"x")
    _retain(s3, "locked", "COMPLIANCE", _in(10))
    _retain(s3, "locked", "COMPLIANCE", later := _in(20))
    assert _code(lambda: _retain(s3, "locked", "COMPLIANCE", _in(15))) == "AccessDenied"
    assert _code(lambda: _retain(s3, "locked", "GOVERNANCE", _in(30))) == "AccessDenied"
    found = s3.get_object_retention(Bucket=LOCKED, Key="locked")["Retention"]
    assert found == {"Mode": "COMPLIANCE", "RetainUntilDate": later}


def test_a_date_in_the_past_is_rejected(s3: Any) -> None:
    """A retention until yesterday is an error."""
    s3.put_object(Bucket=LOCKED, Key="past", Body=b"x")
    assert _code(lambda: _retain(s3, "past", "GOVERNANCE", _in(-1))) == "InvalidArgument"


def test_versioning_of_a_locked_bucket_stays_on(s3: Any) -> None:
    """Versioning can be suspended only on a bucket without Object Lock."""
    suspended = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket=PLAIN, VersioningConfiguration=suspended)
    error = _code(lambda: s3.put_bucket_versioning(Bucket=LOCKED, VersioningConfiguration=suspended))
    assert error == "InvalidBucketState"
    assert s3.get_bucket_versioning(Bucket=LOCKED)["Status"] == "Enabled"


def test_a_locked_version_cannot_be_deleted(box_cloud: EmulatedAws) -> None:
    """Moto itself rejects the deletion of a version in COMPLIANCE mode; the sandbox relies on it."""
    s3 = box_cloud.client("s3")
    bucket = "securebase-production-audit-logs"
    version = s3.list_object_versions(Bucket=bucket, MaxKeys=1)["Versions"][0]
    which = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
    assert _code(lambda: s3.delete_object(**which, BypassGovernanceRetention=True)) == "AccessDenied"


def test_a_policy_for_tls_only_denies_no_call(box_cloud: EmulatedAws) -> None:
    """The Deny of connections without TLS is not applied to every connection."""
    s3 = box_cloud.client("s3")
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket="securebase-production-backups")["Policy"]
    assert s3.list_objects_v2(Bucket="securebase-production-backups", MaxKeys=1)["KeyCount"] == 1
