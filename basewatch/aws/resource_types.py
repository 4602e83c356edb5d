"""On what kind of resource AWS allows or denies each reading action, by the service authorization reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Mapping

CLUSTER = "arn:aws:rds:{region}:{account}:cluster:{name}"
CLUSTER_SNAPSHOT = "arn:aws:rds:{region}:{account}:cluster-snapshot:{name}"
DB_INSTANCE = "arn:aws:rds:{region}:{account}:db:{name}"
PROXY = "arn:aws:rds:{region}:{account}:db-proxy:{name}"
PROXY_TARGETS = "arn:aws:rds:{region}:{account}:target-group:{name}"
CLUSTER_PARAMETERS = "arn:aws:rds:{region}:{account}:cluster-pg:{name}"
# A replica is in another region, and has the same name.
TABLE = "arn:aws:dynamodb:*:{account}:table/{name}"
FUNCTION = "arn:aws:lambda:{region}:{account}:function:{name}"
API = "arn:aws:apigateway:{region}::{name}"
QUEUE = "arn:aws:sqs:{region}:{account}:{name}"
RULE = "arn:aws:events:{region}:{account}:rule/{name}"
CACHE_CLUSTER = "arn:aws:dax:{region}:{account}:cache/{name}"
# Keys, topics and trails are found in what refers to them, which may be in another region.
KEY = "arn:aws:kms:*:{account}:key/{name}"
TOPIC = "arn:aws:sns:*:{account}:{name}"
# The trail of an organization belongs to its management account.
TRAIL = "arn:aws:cloudtrail:*:*:trail/{name}"
BUCKET = "arn:aws:s3:::{name}"
OBJECT = "arn:aws:s3:::{object}"
# Copies are in vaults of other regions.
VAULT = "arn:aws:backup:*:{account}:backup-vault:{name}"
BACKUP_PLAN = "arn:aws:backup:{region}:{account}:backup-plan:{name}"
RESTORE_TESTING_PLAN = "arn:aws:backup:{region}:{account}:restore-testing-plan:{name}"
ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
DASHBOARD = "arn:aws:cloudwatch::{account}:dashboard/{name}"
LOG_GROUP = "arn:aws:logs:{region}:{account}:log-group:{name}"
LOG_GROUP_STREAMS = "arn:aws:logs:{region}:{account}:log-group:{name}:*"
ROLE = "arn:aws:iam::{account}:role/{name}"
USER = "arn:aws:iam::{account}:user/{name}"
POLICY = "arn:aws:iam::{account}:policy/{name}"
AWS_POLICY = "arn:aws:iam::aws:policy/{name}"
SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{name}"  # noqa: S105  # an ARN
DETECTOR = "arn:aws:guardduty:{region}:{account}:detector/{name}"
ANALYZER = "arn:aws:access-analyzer:{region}:{account}:analyzer/{name}"
BUDGET = "arn:aws:budgets::{account}:budget/{name}"
STACK = "arn:aws:cloudformation:{region}:{account}:stack/{name}"

_BY_RESOURCE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    (CLUSTER,): ("rds:DescribeDBClusters",),
    (CLUSTER, CLUSTER_SNAPSHOT): ("rds:DescribeDBClusterSnapshots",),
    (CLUSTER_SNAPSHOT,): ("rds:DescribeDBClusterSnapshotAttributes",),
    (CLUSTER_PARAMETERS,): ("rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters"),
    (DB_INSTANCE,): ("rds:DescribeDBInstances",),
    (PROXY,): ("rds:DescribeDBProxies",),
    (PROXY, PROXY_TARGETS): ("rds:DescribeDBProxyTargetGroups", "rds:DescribeDBProxyTargets"),
    (TABLE,): (
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetResourcePolicy",
        "dynamodb:ListTagsOfResource",
    ),
    (FUNCTION,): (
        "lambda:GetFunction",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionUrlConfig",
        "lambda:GetPolicy",
        "lambda:ListAliases",
        "lambda:ListFunctionUrlConfigs",
        "lambda:ListProvisionedConcurrencyConfigs",
        "lambda:ListTags",
        "lambda:ListVersionsByFunction",
    ),
    (API,): ("apigateway:GET",),
    (QUEUE,): ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"),
    (RULE,): ("events:DescribeRule", "events:ListTargetsByRule"),
    (CACHE_CLUSTER,): ("dax:DescribeClusters",),
    (KEY,): (
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:GetPublicKey",
        "kms:ListGrants",
        "kms:ListKeyRotations",
        "kms:ListResourceTags",
    ),
    (TOPIC,): ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
    (TRAIL,): ("cloudtrail:GetEventSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"),
    (BUCKET,): (
        "s3:GetBucketAcl",
        "s3:GetBucketCORS",
        "s3:GetBucketLocation",
        "s3:GetBucketLogging",
        "s3:GetBucketNotification",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetInventoryConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListBucketVersions",
    ),
    (OBJECT,): (
        "s3:DeleteObjectVersion",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:GetObjectAttributes",
        "s3:GetObjectLegalHold",
        "s3:GetObjectRetention",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionAttributes",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectRetention",
    ),
    (VAULT,): (
        "backup:DescribeBackupVault",
        "backup:GetBackupVaultAccessPolicy",
        "backup:GetBackupVaultNotifications",
        "backup:ListRecoveryPointsByBackupVault",
    ),
    (BACKUP_PLAN,): ("backup:GetBackupPlan", "backup:GetBackupSelection", "backup:ListBackupSelections"),
    (RESTORE_TESTING_PLAN,): (
        "backup:GetRestoreTestingPlan",
        "backup:GetRestoreTestingSelection",
        "backup:ListRestoreTestingSelections",
    ),
    (ALARM,): ("cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"),
    (DASHBOARD,): ("cloudwatch:GetDashboard",),
    (LOG_GROUP, LOG_GROUP_STREAMS): (
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:DescribeMetricFilters",
        "logs:DescribeSubscriptionFilters",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:StartQuery",
    ),
    (ROLE,): ("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
    (USER,): (
        "iam:GetLoginProfile",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListUserPolicies",
    ),
    (ROLE, USER): ("iam:SimulatePrincipalPolicy",),
    (POLICY, AWS_POLICY): ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"),
    (SECRET,): ("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"),
    (DETECTOR,): ("guardduty:GetDetector", "guardduty:GetFindings", "guardduty:ListFindings"),
    (ANALYZER,): ("access-analyzer:ListFindings", "access-analyzer:ListFindingsV2"),
    (BUDGET,): ("budgets:ViewBudget",),
    (STACK,): (
        "cloudformation:DescribeStackResourceDrifts",
        "cloudformation:DescribeStackResources",
        "cloudformation:DescribeStacks",
        "cloudformation:DetectStackDrift",
    ),
}
RESOURCES_OF_ACTION: Mapping[str, tuple[str, ...]] = {
    action: resources for resources, actions in _BY_RESOURCE.items() for action in actions
}
"""The patterns of ARNs of each action that can be allowed on single resources.

An action without a row is allowed on everything or nothing: that of a listing of an account, and one whose row nobody
has written yet.
"""
