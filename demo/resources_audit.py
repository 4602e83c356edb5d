"""The audit bucket: three years of records under Object Lock, dated back as AWS lets nobody do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from demo.moto_objects import put_backdated
from demo.resources_context import PREFIX, BuildContext

BUCKET = f"{PREFIX}-audit-logs"
# How many versions lie under each prefix, and how old the oldest of them is.
_RECORDS = (
    ("audit-events", "jsonl", 32, timedelta(days=3 * 365)),
    ("cloudtrail", "json.gz", 24, timedelta(days=2 * 365)),
    ("access-reviews", "json", 12, timedelta(days=3 * 365)),
    ("break-glass", "json", 5, timedelta(days=300)),
)
_GLACIER_AFTER = timedelta(days=90)


def create(site: BuildContext, *, key: str) -> None:
    """A versioned, private bucket that keeps every version 7 years in COMPLIANCE mode, with 80 versions in it."""
    s3 = site.client("s3")
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 7}},
        },
    )
    secure_bucket(site, BUCKET, key)
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "archive",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Transitions": [{"Days": _GLACIER_AFTER.days, "StorageClass": "GLACIER"}],
                }
            ]
        },
    )
    for name, at in sorted(_versions(site.now), key=lambda version: version[1]):
        storage = "GLACIER" if site.now - at > _GLACIER_AFTER else "STANDARD"
        put_backdated(BUCKET, name, json.dumps({"recorded": at.isoformat()}).encode(), at, storage=storage)


def secure_bucket(site: BuildContext, bucket: str, key: str) -> None:
    """Encrypt what is put into the bucket, keep it from the public, and refuse connections without TLS."""
    s3 = site.client("s3")
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
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _versions(now: datetime) -> Iterator[tuple[str, datetime]]:
    """Keys and dates: thick near now, thin towards the oldest, and one key that was written again every month."""
    for prefix, suffix, count, oldest in _RECORDS:
        for number in range(count):
            at = (now - oldest * ((number + 0.02) / count) ** 2).replace(microsecond=0)
            yield f"{prefix}/{at:%Y/%m/%d/%H%M%S}.{suffix}", at
    for month in range(7):
        yield "manifest.json", (now - timedelta(days=30.4 * month, hours=2)).replace(microsecond=0)
