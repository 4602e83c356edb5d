"""The enumerated fields of responses that the verdict of each check depends on."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

_RECOVERY = "ContinuousBackupsDescription.PointInTimeRecoveryDescription"
# Fields that are compared with what is declared, so that another value is a fact, whether it is documented or not.
COMPARED_FIELDS: Mapping[str, AbstractSet[str]] = {
    "deploy.function.configured": {"lambda:GetFunctionConfiguration Runtime"},
}
_OWNERSHIP = "s3:GetBucketOwnershipControls OwnershipControls.Rules[].ObjectOwnership"
_LIFECYCLE = {"s3:GetBucketVersioning Status", "s3:GetBucketLifecycleConfiguration Rules[].Status"}
_KEY = {"kms:DescribeKey KeyMetadata.KeyManager", "kms:DescribeKey KeyMetadata.KeyState"}
_RULE = "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault"
_ENCRYPTION = {f"s3:GetBucketEncryption {_RULE}.SSEAlgorithm", "s3:HeadObject ServerSideEncryption"}
DECISIVE_FIELDS: Mapping[str, AbstractSet[str]] = {
    "deploy.function.configured": {"lambda:GetFunctionConfiguration LastUpdateStatus"},
    "deploy.table.structured": {
        "dynamodb:DescribeTable Table.BillingModeSummary.BillingMode",
        "dynamodb:DescribeTable Table.KeySchema[].KeyType",
    },
    "inventory.rule.enabled": {"events:DescribeRule State"},
    "retention.dynamodb.ttl": {"dynamodb:DescribeTimeToLive TimeToLiveDescription.TimeToLiveStatus"},
    "backup.aurora.rto": {
        "backup:ListRestoreJobsByProtectedResource RestoreJobs[].Status",
        "backup:ListRestoreJobsByProtectedResource RestoreJobs[].ValidationStatus",
    },
    "inventory.table.active": {"dynamodb:DescribeTable Table.TableStatus"},
    "inventory.proxy.available": {
        "rds:DescribeDBProxies DBProxies[].Status",
        "rds:DescribeDBProxyTargets Targets[].TargetHealth.State",
    },
    "encryption.aurora.keys": _KEY,
    "encryption.table.keys": _KEY,
    "encryption.audit_bucket.keys": _KEY | _ENCRYPTION,
    "encryption.dumps.keys": _KEY | _ENCRYPTION,
    "encryption.vault.keys": _KEY,
    "encryption.secret.keys": _KEY,
    "encryption.function.keys": _KEY,
    "encryption.queue.keys": _KEY,
    "inventory.key.usable": _KEY,
    "encryption.kms.policy": {"kms:DescribeKey KeyMetadata.KeyManager"},
    "encryption.kms.rotation": _KEY,
    "logging.alarms.quiet": {
        "cloudwatch:DescribeAlarms MetricAlarms[].StateValue",
    },
    "logging.guardduty.enabled": {
        "guardduty:GetDetector Status",
        "guardduty:GetDetector Features[].Name",
        "guardduty:GetDetector Features[].Status",
    },
    "logging.securityhub.standards": {"securityhub:GetEnabledStandards StandardsSubscriptions[].StandardsStatus"},
    "logging.config.recorder": {
        "config:DescribeConfigurationRecorderStatus ConfigurationRecordersStatus[].lastStatus",
        "config:DescribeDeliveryChannelStatus DeliveryChannelsStatus[].configHistoryDeliveryInfo.lastStatus",
        "config:DescribeDeliveryChannelStatus DeliveryChannelsStatus[].configStreamDeliveryInfo.lastStatus",
    },
    "logging.function.traced": {"lambda:GetFunctionConfiguration TracingConfig.Mode"},
    "inventory.function.active": {"lambda:GetFunctionConfiguration State"},
    "access.s3.public_block": {_OWNERSHIP},
    "access.s3.strangers": {_OWNERSHIP},
    "retention.s3.lifecycle_versioning": _LIFECYCLE,
    "retention.s3.archive": {*_LIFECYCLE, "s3:GetBucketLifecycleConfiguration Rules[].Transitions[].StorageClass"},
    "retention.s3.expiry": _LIFECYCLE,
    "retention.s3.versioned": _LIFECYCLE,
    "retention.s3.lock_default": {
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.ObjectLockEnabled",
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.Rule.DefaultRetention.Mode",
    },
    "retention.s3.lock_versions": {"s3:HeadObject ObjectLockMode", "s3:GetObjectRetention Retention.Mode"},
    "availability.engine.support": {
        "rds:DescribeDBMajorEngineVersions DBMajorEngineVersions[].SupportedEngineLifecycles[].LifecycleSupportName",
    },
    "cost.budget": {"budgets:DescribeBudget Budget.BudgetType", "budgets:DescribeBudget Budget.TimeUnit"},
    "backup.points.health": {"backup:ListRecoveryPointsByResource RecoveryPoints[].Status"},
    "backup.points.kept": {"backup:ListRecoveryPointsByResource RecoveryPoints[].Status"},
    "backup.copy.isolation": {
        "backup:ListCopyJobs CopyJobs[].State",
        "backup:ListRecoveryPointsByBackupVault RecoveryPoints[].Status",
    },
    "backup.dynamodb.pitr": {
        f"dynamodb:DescribeContinuousBackups {_RECOVERY}.PointInTimeRecoveryStatus",
        "dynamodb:DescribeTable Table.TableStatus",
    },
}
