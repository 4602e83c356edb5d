"""The listings of AWS that show every resource of an account and region, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.actions import iam_action
from basewatch.aws.response import listed, required


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing: the operation, the list in its answer, and the field that names an item; empty if the item is a name.

    `omits_empty`: the answer leaves the list out when it is empty.
    """

    service: str
    operation: str
    items: str
    field: str = ""
    omits_empty: bool = False

    @property
    def action(self) -> str:
        """The IAM action that the listing needs."""
        return iam_action(self.service, self.operation)

    def names(self, aws: AwsClient) -> tuple[str, ...]:
        """The names of all resources. Raises: ObservationError, when a page of the listing fails."""
        return tuple(sorted(self._name(item) for page in self._pages(aws) for item in self._items(page)))

    def _pages(self, aws: AwsClient) -> Iterator[dict[str, Any]]:
        if self.operation == "DescribeTrails":
            # It returns everything at once.
            return iter((aws.call(self.service, self.operation),))
        return aws.pages(self.service, self.operation)

    def _items(self, page: Mapping[str, Any]) -> list[Any]:
        if self.omits_empty:
            return listed(page, self.items)
        found: list[Any] = required(page, self.items, kind=list)
        return found

    def _name(self, item: Any) -> str:
        # The URL of a queue ends with its name.
        return required(item, self.field, kind=str) if self.field else str(item).rpartition("/")[2]


LISTINGS: Mapping[str, Listing] = {
    "function": Listing("lambda", "ListFunctions", "Functions", "FunctionName"),
    "table": Listing("dynamodb", "ListTables", "TableNames"),
    "aurora_cluster": Listing("rds", "DescribeDBClusters", "DBClusters", "DBClusterIdentifier"),
    "db_instance": Listing("rds", "DescribeDBInstances", "DBInstances", "DBInstanceIdentifier"),
    "db_proxy": Listing("rds", "DescribeDBProxies", "DBProxies", "DBProxyName"),
    "bucket": Listing("s3", "ListBuckets", "Buckets", "Name"),
    "api": Listing("apigateway", "GetRestApis", "items", "name", omits_empty=True),
    "queue": Listing("sqs", "ListQueues", "QueueUrls", omits_empty=True),
    "event_rule": Listing("events", "ListRules", "Rules", "Name"),
    "backup_vault": Listing("backup", "ListBackupVaults", "BackupVaultList", "BackupVaultName"),
    "secret": Listing("secretsmanager", "ListSecrets", "SecretList", "Name"),
    "trail": Listing("cloudtrail", "DescribeTrails", "trailList", "Name"),
    "cache_cluster": Listing("dax", "DescribeClusters", "Clusters", "ClusterName"),
}
"""By the kind of component."""
