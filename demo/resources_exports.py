"""The bucket of exported reports, and Block Public Access of the account."""

from __future__ import annotations

from demo.account import PREFIX, BuildContext
from demo.resources_audit import BLOCKED, secure_bucket

BUCKET = f"{PREFIX}-report-exports"
LIFECYCLE = {
    "Rules": [
        {
            "ID": "expire",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 90},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]
}


def create(context: BuildContext, *, key: str) -> None:
    """Create a versioned, private bucket whose objects expire after 90 days, and block public access everywhere."""
    s3 = context.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=LIFECYCLE)
    secure_bucket(context, BUCKET, key)
    # moto expects S3 Control at a host name with the account in it.
    context.answer("s3control:GetPublicAccessBlock", lambda _parameters: {"PublicAccessBlockConfiguration": BLOCKED})
