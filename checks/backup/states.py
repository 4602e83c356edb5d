"""The states of clusters and tables, and what each means for restoring them: backups of a lost key restore nothing."""

from __future__ import annotations

from collections.abc import Mapping

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html
_CLUSTER_IN_USE = frozenset(
    {
        "available",
        "backing-up",
        "backtracking",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "creating",
        "failed",
        "failing-over",
        "maintenance",
        "migrating",
        "modifying",
        "preparing-data-migration",
        "promoting",
        "renaming",
        "resetting-master-credentials",
        "scaling-compute",
        "scaling-storage",
        "starting",
        "stopped",
        "stopping",
        "storage-full",
        "storage-optimization",
        "update-iam-db-auth",
        "updating-iam-db-auth",
        "upgrading",
    }
)
_CLUSTER_LOST: Mapping[str, str] = {
    "deleting": "is being deleted, and its automated backups with it",
    "inaccessible-encryption-credentials": "cannot be decrypted: its KMS key is lost",
    "inaccessible-encryption-credentials-recoverable": "cannot be decrypted: its KMS key is disabled or denied",
}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
_TABLE_IN_USE = frozenset({"ACTIVE", "CREATING", "UPDATING", "REPLICATION_NOT_AUTHORIZED"})
_TABLE_LOST: Mapping[str, str] = {
    "ARCHIVED": "is archived, because its KMS key was inaccessible for seven days",
    "ARCHIVING": "is being archived, because its KMS key is inaccessible",
    "DELETING": "is being deleted",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "cannot be decrypted: its KMS key is inaccessible",
}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html
_REPLICA_IN_USE = frozenset({"ACTIVE", "CREATING", "UPDATING", "REPLICATION_NOT_AUTHORIZED"})
_REPLICA_LOST: Mapping[str, str] = {
    "ARCHIVED": "is archived",
    "ARCHIVING": "is being archived",
    "CREATION_FAILED": "could not be created",
    "DELETING": "is being deleted",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "cannot be decrypted: its KMS key is inaccessible",
    "REGION_DISABLED": "is in a region that is disabled",
}
UNKNOWN_STATE_REMEDY = "look the status up in the documentation of AWS, and report it: Basewatch does not know it"


def cluster_loss(status: str) -> str | None:
    """Why nothing of a cluster in this state can be restored; empty when it can, None for an unknown state."""
    return _loss(status, _CLUSTER_LOST, _CLUSTER_IN_USE)


def table_loss(status: str) -> str | None:
    """Why nothing of a table in this state can be restored; empty when it can, None for an unknown state."""
    return _loss(status, _TABLE_LOST, _TABLE_IN_USE)


def replica_loss(status: str) -> str | None:
    """Why nothing of a replica in this state can be restored; empty when it can, None for an unknown state."""
    return _loss(status, _REPLICA_LOST, _REPLICA_IN_USE)


def _loss(status: str, lost: Mapping[str, str], in_use: frozenset[str]) -> str | None:
    return lost.get(status, "" if status in in_use else None)
