"""Facts about the operations of S3, AWS Backup, AWS Budgets and KMS."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation("s3:ListBuckets", listing=Listing.UNFILTERED, empty={"*": ({"Buckets": []}, Status.FAIL)}),
    Operation("secretsmanager:ListSecrets", listing=Listing.UNFILTERED, empty={"*": ({"SecretList": []}, Status.FAIL)}),
    Operation("backup:ListBackupVaults", listing=Listing.WHOLE, empty={"*": ({"BackupVaultList": []}, Status.FAIL)}),
    Operation(
        "backup:ListCopyJobs",
        not_found="ResourceNotFoundException",
        empty={"*": ({"CopyJobs": []}, Status.FAIL)},
    ),
    Operation(
        "backup:ListRecoveryPointsByBackupVault",
        not_found="ResourceNotFoundException",
        empty={"*": ({"RecoveryPoints": []}, Status.FAIL)},
    ),
    Operation(
        "backup:ListRecoveryPointsByResource",
        not_found="ResourceNotFoundException",
        empty={"*": ({"RecoveryPoints": []}, Status.FAIL)},
    ),
    Operation(
        "backup:ListRestoreJobsByProtectedResource",
        deleted_since_listed="ResourceNotFoundException",
        empty={"*": ({"RestoreJobs": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "budgets:DescribeBudget", not_found="NotFoundException", empty={"*": ({"Budget": {}}, Status.UNVERIFIED)}
    ),
    Operation(
        "budgets:DescribeNotificationsForBudget",
        not_found="NotFoundException",
        empty={"*": ({"Notifications": []}, Status.FAIL)},
    ),
    Operation(
        "budgets:DescribeSubscribersForNotification",
        not_found="NotFoundException",
        empty={"*": ({"Subscribers": []}, Status.FAIL)},
    ),
    Operation("kms:DescribeKey", not_found="NotFoundException", empty={"*": ({"KeyMetadata": {}}, Status.UNVERIFIED)}),
    Operation("kms:GetKeyPolicy", not_found="NotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("kms:GetKeyRotationStatus", not_found="NotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("kms:ListGrants", not_found="NotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("kms:ListKeyRotations", not_found="NotFoundException", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetBucketAcl", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetBucketLifecycleConfiguration", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetBucketOwnershipControls", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetBucketPolicy", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    # A bucket that never kept versions has no state.
    Operation(
        "s3:GetBucketVersioning",
        not_found="NoSuchBucket",
        omits_what_there_is_none_of=True,
        empty={"retention.s3.lifecycle_versioning": ({}, Status.FAIL), "retention.s3.versioned": ({}, Status.FAIL)},
    ),
    Operation("s3:GetPublicAccessBlock", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    # It is of the account, and says nothing of a bucket.
    Operation("s3control:GetPublicAccessBlock", listing=Listing.UNFILTERED, empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetBucketEncryption", not_found="NoSuchBucket", empty={"*": ({}, Status.UNVERIFIED)}),
    Operation("s3:GetObject", deleted_since_listed="NoSuchKey"),
    Operation(
        "s3:GetObjectLockConfiguration",
        not_found="NoSuchBucket",
        empty={"*": ({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, Status.FAIL)},
    ),
    Operation(
        "s3:GetObjectRetention", deleted_since_listed="NoSuchKey", empty={"*": ({"Retention": {}}, Status.UNVERIFIED)}
    ),
    Operation("s3:HeadObject", deleted_since_listed="404"),
    Operation(
        "s3:ListObjectVersions", not_found="NoSuchBucket", empty={"*": ({"IsTruncated": False}, Status.UNVERIFIED)}
    ),
    Operation(
        "s3:ListObjectsV2",
        not_found="NoSuchBucket",
        empty={
            "backup.dump.freshness": ({"IsTruncated": False}, Status.FAIL),
            "backup.dump.integrity": ({"IsTruncated": False}, Status.UNVERIFIED),
            "backup.dump.kept": ({"IsTruncated": False}, Status.FAIL),
            "encryption.dumps.keys": ({"IsTruncated": False}, Status.UNVERIFIED),
        },
    ),
)
