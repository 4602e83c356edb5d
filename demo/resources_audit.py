"""The audit bucket: three years of records under Object Lock, with dates in the past."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from demo.account import PREFIX, BuildContext
from demo.moto_objects import put_backdated

BUCKET = f"{PREFIX}-audit-logs"
# Prefix, suffix, number of versions, and age of the oldest version.
_RECORDS = (
    ("audit-events", "jsonl", 32, timedelta(days=3 * 365)),
    ("cloudtrail", "json.gz", 24, timedelta(days=2 * 365)),
    ("access-reviews", "json", 12, timedelta(days=3 * 365)),
    ("break-glass", "json", 5, timedelta(days=300)),
)
BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
"""Block Public Access with all of its settings."""
_GLACIER_AFTER = timedelta(days=90)
LIFECYCLE = {
    "Rules": [
        {
            "ID": "archive",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Transitions": [{"Days": _GLACIER_AFTER.days, "StorageClass": "GLACIER"}],
        }
    ]
}
"""Moves every record to Glacier."""


def create(context: BuildContext, *, key: str) -> None:
    """Create a versioned, private bucket with 80 versions and a default retention of 7 years in COMPLIANCE mode."""
    s3 = context.client("s3")
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 7}},
        },
    )
    secure_bucket(context, BUCKET, key)
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=LIFECYCLE)
    for name, at in sorted(_versions(context.now), key=lambda version: version[1]):
        storage = "GLACIER" if context.now - at > _GLACIER_AFTER else "STANDARD"
        put_backdated(BUCKET, name, json.dumps({"recorded": at.isoformat()}).encode(), at, storage=storage)


def secure_bucket(context: BuildContext, bucket: str, key: str) -> None:
    """Configure encryption of the bucket, block public access, and deny connections without TLS."""
    s3 = context.client("s3")
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCKED)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(secure_policy(bucket)))


def secure_policy(bucket: str) -> dict[str, Any]:
    """A policy that denies connections without TLS, and allows nothing."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _versions(now: datetime) -> Iterator[tuple[str, datetime]]:
    """Keys and dates: more versions near `now` than long ago, and one key with a version for each month."""
    for prefix, suffix, count, oldest in _RECORDS:
        for number in range(count):
            at = (now - oldest * ((number + 0.02) / count) ** 2).replace(microsecond=0)
            yield f"{prefix}/{at:%Y/%m/%d/%H%M%S}.{suffix}", at
    for month in range(7):
        yield "manifest.json", (now - timedelta(days=30.4 * month, hours=2)).replace(microsecond=0)
