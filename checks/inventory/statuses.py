"""What each status word of AWS means for a declared resource: it serves, it changes, or it is of no use."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from basewatch.model import Reason, Verdict, failed, passed, unverified


class Standing(StrEnum):
    """What a status says: SERVING and CHANGING pass into each other; BROKEN stays until a person acts."""

    SERVING = "serving"
    CHANGING = "changing"
    BROKEN = "broken"


Kind = Literal[
    "cluster",
    "instance",
    "proxy",
    "target",
    "table",
    "index",
    "replica",
    "cache",
    "vault",
    "key",
    "function",
    "api",
    "rule",
    "mapping",
]

# The words as AWS documents them. Clusters and instances:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html and
# .../Overview.DBInstance.Status.html; the other kinds: the enumerations of their APIs.
_WORDS: Mapping[Kind, Mapping[Standing, str]] = {
    "cluster": {
        Standing.SERVING: "available backing-up maintenance modifying promoting renaming resetting-master-credentials "
        "storage-optimization update-iam-db-auth configuring-iam-database-auth configuring-log-exports "
        "preparing-data-migration scaling-compute scaling-storage",
        Standing.CHANGING: "creating failing-over starting upgrading backtracking migrating",
        Standing.BROKEN: "deleting stopping stopped failed inaccessible-encryption-credentials "
        "inaccessible-encryption-credentials-recoverable cloning-failed migration-failed incompatible-parameters "
        "incompatible-network incompatible-restore storage-full",
    },
    "instance": {
        Standing.SERVING: "available backing-up maintenance modifying configuring-enhanced-monitoring "
        "configuring-iam-database-auth configuring-log-exports converting-to-vpc moving-to-vpc renaming "
        "resetting-master-credentials storage-optimization delete-precheck storage-config-upgrade "
        "storage-initialization",
        Standing.CHANGING: "creating rebooting starting upgrading",
        Standing.BROKEN: "deleting stopping stopped failed inaccessible-encryption-credentials "
        "inaccessible-encryption-credentials-recoverable incompatible-create incompatible-network "
        "incompatible-option-group incompatible-parameters incompatible-restore insufficient-capacity restore-error "
        "storage-full",
    },
    "proxy": {
        Standing.SERVING: "available modifying",
        Standing.CHANGING: "creating reactivating",
        Standing.BROKEN: "deleting incompatible-network insufficient-resource-limits suspended suspending",
    },
    # The state of a proxy's target, or the reason why it is UNAVAILABLE.
    "target": {
        Standing.SERVING: "AVAILABLE UNUSED",
        Standing.CHANGING: "REGISTERING PENDING_PROXY_CAPACITY PROMOTED",
        Standing.BROKEN: "UNAVAILABLE UNREACHABLE CONNECTION_FAILED AUTH_FAILURE INVALID_REPLICATION_STATE",
    },
    "table": {
        Standing.SERVING: "ACTIVE UPDATING",
        Standing.CHANGING: "CREATING",
        Standing.BROKEN: "DELETING INACCESSIBLE_ENCRYPTION_CREDENTIALS ARCHIVING ARCHIVED REPLICATION_NOT_AUTHORIZED",
    },
    "index": {Standing.SERVING: "ACTIVE UPDATING", Standing.CHANGING: "CREATING", Standing.BROKEN: "DELETING"},
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html
    "replica": {
        Standing.SERVING: "ACTIVE UPDATING",
        Standing.CHANGING: "CREATING",
        Standing.BROKEN: "CREATION_FAILED DELETING INACCESSIBLE_ENCRYPTION_CREDENTIALS ARCHIVING ARCHIVED "
        "REGION_DISABLED REPLICATION_NOT_AUTHORIZED",
    },
    "cache": {
        Standing.SERVING: "available modifying",
        Standing.CHANGING: "creating",
        Standing.BROKEN: "deleting deleted failed incompatible-network",
    },
    "vault": {Standing.SERVING: "AVAILABLE", Standing.CHANGING: "CREATING", Standing.BROKEN: "FAILED"},
    "key": {
        Standing.SERVING: "Enabled",
        Standing.CHANGING: "Creating Updating",
        Standing.BROKEN: "Disabled PendingDeletion PendingReplicaDeletion PendingImport Unavailable",
    },
    "function": {
        # Inactive: idle for weeks, so AWS reclaimed its resources; the next invocation activates it again.
        Standing.SERVING: "Active Inactive",
        Standing.CHANGING: "Pending",
        Standing.BROKEN: "Failed Deleting Deactivating Deactivated",
    },
    "api": {Standing.SERVING: "AVAILABLE UPDATING", Standing.CHANGING: "PENDING", Standing.BROKEN: "FAILED"},
    "rule": {
        Standing.SERVING: "ENABLED ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        Standing.BROKEN: "DISABLED",
    },
    "mapping": {
        Standing.SERVING: "Enabled Updating",
        Standing.CHANGING: "Creating Enabling",
        Standing.BROKEN: "Disabled Disabling Deleting",
    },
}
_STANDINGS: Mapping[Kind, Mapping[str, Standing]] = {
    kind: {word: standing for standing, words in by_standing.items() for word in words.split()}
    for kind, by_standing in _WORDS.items()
}
# Of these nothing can be restored: their backups are deleted with them, or their key is lost.
_LOST: Mapping[Kind, Mapping[str, str]] = {
    "cluster": {
        "deleting": "is being deleted, and its automated backups with it",
        "inaccessible-encryption-credentials": "cannot be decrypted: its KMS key is lost",
        "inaccessible-encryption-credentials-recoverable": "cannot be decrypted: its KMS key is disabled or denied",
    },
    "table": {
        "ARCHIVED": "is archived, because its KMS key was inaccessible for seven days",
        "ARCHIVING": "is being archived, because its KMS key is inaccessible",
        "DELETING": "is being deleted",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "cannot be decrypted: its KMS key is inaccessible",
    },
    "replica": {
        "ARCHIVED": "is archived",
        "ARCHIVING": "is being archived",
        "CREATION_FAILED": "could not be created",
        "DELETING": "is being deleted",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "cannot be decrypted: its KMS key is inaccessible",
        "REGION_DISABLED": "is in a region that is disabled",
    },
}
UNKNOWN_STATUS_REMEDY = "look the status up in the documentation of AWS, and report it: Basewatch does not know it"


def standing(kind: Kind, word: str) -> Standing | None:
    """What a status word means for a resource of this kind; None for a word that is not known."""
    return _STANDINGS[kind].get(word)


def loss_of(kind: Kind, word: str) -> str | None:
    """Why nothing of a resource with this status can be restored; empty when it can, None for an unknown word."""
    return _LOST[kind].get(word, "" if standing(kind, word) is not None else None)


def status_verdict(kind: Kind, word: str, *, what: str, observed: str, expected: str) -> Verdict:
    """PASS while `what` can serve, FAIL in a status that a person has to end, UNVERIFIED in any other."""
    match standing(kind, word):
        case Standing.SERVING:
            return passed(f"{what} exists and can serve", observed=observed, expected=expected)
        case Standing.BROKEN:
            return failed(f"{what} exists, but it is {word}", observed=observed, expected=expected)
        case Standing.CHANGING:
            summary, remedy = f"{what} is {word}", "Run the check again in a few minutes."
            return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
        case None:
            summary = f"{what} has a status that Basewatch does not know: {word}"
            remedy = "Report this with the version of Basewatch: AWS may have added a status."
            return unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
