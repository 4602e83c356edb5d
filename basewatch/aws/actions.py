"""The IAM action that each AWS operation needs, where its name is not the operation's own."""

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
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html
    ("resourcegroupstaggingapi", "GetResources"): "tag:GetResources",
}
# Reading one named version is a right of its own; the right to its retention is the same with and without a version.
_OF_A_VERSION = {"s3:GetObject": "s3:GetObjectVersion"}


def iam_action(service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> str:
    """The IAM action, such as `s3:GetObjectVersion`, that allows `operation` with these parameters."""
    # API Gateway's actions are HTTP's methods.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
    if service in ("apigateway", "apigatewayv2") and operation.startswith("Get"):
        return "apigateway:GET"
    action = _RENAMED.get((service, operation), f"{service}:{operation}")
    return _OF_A_VERSION.get(action, action) if parameters and "VersionId" in parameters else action
