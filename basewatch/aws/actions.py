"""The IAM action that an AWS operation needs, where the names differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_RENAMED = {
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "GetObjectAttributes"): "s3:GetObject",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "ListBucketInventoryConfigurations"): "s3:GetInventoryConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "GetBucketCors"): "s3:GetBucketCORS",
    ("s3", "GetBucketNotificationConfiguration"): "s3:GetBucketNotification",
    ("s3", "GetBucketAccelerateConfiguration"): "s3:GetAccelerateConfiguration",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html
    ("resourcegroupstaggingapi", "GetResources"): "tag:GetResources",
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
    ("budgets", "DescribeBudget"): "budgets:ViewBudget",
    ("budgets", "DescribeBudgets"): "budgets:ViewBudget",
    ("budgets", "DescribeNotificationsForBudget"): "budgets:ViewBudget",
    ("budgets", "DescribeSubscribersForNotification"): "budgets:ViewBudget",
}
# Services whose prefix in IAM is not the name of their API, as the service authorization reference has it.
_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "amp": "aps",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "s3control": "s3",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
# Reading a named version needs another action; reading its retention does not.
_OF_A_VERSION = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
}


def iam_action(service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> str:
    """The IAM action that allows `operation` with these parameters, for example `s3:GetObjectVersion`."""
    # API Gateway's actions are HTTP methods.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
    if service in ("apigateway", "apigatewayv2") and operation.startswith(("Get", "Export")):
        return "apigateway:GET"
    action = _RENAMED.get((service, operation), f"{_PREFIXES.get(service, service)}:{operation}")
    return _OF_A_VERSION.get(action, action) if parameters and "VersionId" in parameters else action
