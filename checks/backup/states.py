"""The states of clusters and tables, and what each means for restoring them: backups of a lost key restore nothing."""

from __future__ import annotations

from collections.abc import Mapping

from checks.inventory.statuses import standing

_CLUSTER_LOST: Mapping[str, str] = {
    "deleting": "is being deleted, and its automated backups with it",
    "inaccessible-encryption-credentials": "cannot be decrypted: its KMS key is lost",
    "inaccessible-encryption-credentials-recoverable": "cannot be decrypted: its KMS key is disabled or denied",
}
_TABLE_LOST: Mapping[str, str] = {
    "ARCHIVED": "is archived, because its KMS key was inaccessible for seven days",
    "ARCHIVING": "is being archived, because its KMS key is inaccessible",
    "DELETING": "is being deleted",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "cannot be decrypted: its KMS key is inaccessible",
}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html
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
    return _loss(status, _CLUSTER_LOST, known=standing("cluster", status) is not None)


def table_loss(status: str) -> str | None:
    """Why nothing of a table in this state can be restored; empty when it can, None for an unknown state."""
    return _loss(status, _TABLE_LOST, known=standing("table", status) is not None)


def replica_loss(status: str) -> str | None:
    """Why nothing of a replica in this state can be restored; empty when it can, None for an unknown state."""
    return _loss(status, _REPLICA_LOST, known=standing("table", status) is not None)


def _loss(status: str, lost: Mapping[str, str], *, known: bool) -> str | None:
    return lost.get(status, "" if known else None)
