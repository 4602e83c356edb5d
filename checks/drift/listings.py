"""The listings of AWS that show every resource of an account and region, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, required


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing: the operation, the list in its answer, the name of an item, and the IAM action.

    `omits_empty`: the answer leaves the list out when it is empty.
    """

    service: str
    operation: str
    items: str
    name: Callable[[Any], str]
    action: str
    omits_empty: bool = False

    def names(self, aws: AwsClient) -> tuple[str, ...]:
        """The names of all resources. Raises: ObservationError, when a page of the listing fails."""
        if self.operation == "DescribeTrails":
            # It returns everything at once.
            pages = iter((aws.call(self.service, self.operation),))
        else:
            pages = aws.pages(self.service, self.operation)
        lists = (listed(page, self.items) if self.omits_empty else _required(page, self.items) for page in pages)
        return tuple(sorted(self.name(item) for items in lists for item in items))


def _required(page: Mapping[str, Any], items: str) -> list[Any]:
    found: list[Any] = required(page, items, kind=list)
    return found


def _field(name: str) -> Callable[[Any], str]:
    def read(item: Any) -> str:
        return required(item, name, kind=str)

    return read


def _last_part(url: Any) -> str:
    return str(url).rpartition("/")[2]


LISTINGS: Mapping[str, Listing] = {
    "function": Listing(
        service="lambda",
        operation="ListFunctions",
        items="Functions",
        name=_field("FunctionName"),
        action="lambda:ListFunctions",
    ),
    "table": Listing(
        service="dynamodb", operation="ListTables", items="TableNames", name=str, action="dynamodb:ListTables"
    ),
    "aurora_cluster": Listing(
        service="rds",
        operation="DescribeDBClusters",
        items="DBClusters",
        name=_field("DBClusterIdentifier"),
        action="rds:DescribeDBClusters",
    ),
    "db_instance": Listing(
        service="rds",
        operation="DescribeDBInstances",
        items="DBInstances",
        name=_field("DBInstanceIdentifier"),
        action="rds:DescribeDBInstances",
    ),
    "db_proxy": Listing(
        service="rds",
        operation="DescribeDBProxies",
        items="DBProxies",
        name=_field("DBProxyName"),
        action="rds:DescribeDBProxies",
    ),
    "bucket": Listing(
        service="s3",
        operation="ListBuckets",
        items="Buckets",
        name=_field("Name"),
        action="s3:ListAllMyBuckets",
    ),
    "api": Listing(
        service="apigateway",
        operation="GetRestApis",
        items="items",
        name=_field("name"),
        action="apigateway:GET",
        omits_empty=True,
    ),
    "queue": Listing(
        service="sqs",
        operation="ListQueues",
        items="QueueUrls",
        name=_last_part,
        action="sqs:ListQueues",
        omits_empty=True,
    ),
    "event_rule": Listing(
        service="events", operation="ListRules", items="Rules", name=_field("Name"), action="events:ListRules"
    ),
    "backup_vault": Listing(
        service="backup",
        operation="ListBackupVaults",
        items="BackupVaultList",
        name=_field("BackupVaultName"),
        action="backup:ListBackupVaults",
    ),
    "secret": Listing(
        service="secretsmanager",
        operation="ListSecrets",
        items="SecretList",
        name=_field("Name"),
        action="secretsmanager:ListSecrets",
    ),
    "trail": Listing(
        service="cloudtrail",
        operation="DescribeTrails",
        items="trailList",
        name=_field("Name"),
        action="cloudtrail:DescribeTrails",
    ),
    "cache_cluster": Listing(
        service="dax",
        operation="DescribeClusters",
        items="Clusters",
        name=_field("ClusterName"),
        action="dax:DescribeClusters",
    ),
}
"""By the kind of component."""
