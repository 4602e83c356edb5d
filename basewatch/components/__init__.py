"""The component kinds and the promises of each. A promise is the parameter of the checks that judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from basewatch.component_settings import ConfigModel
from basewatch.components.account import AwsAccount
from basewatch.components.claims import ClaimDocument
from basewatch.components.component import (
    AlarmedComponent,
    AwsComponent,
    BackedUpComponent,
    Component,
    LoggedComponent,
    PrivateComponent,
)
from basewatch.components.databases import AuroraCluster, Database
from basewatch.components.deployments import Deployment
from basewatch.components.endpoints import Endpoint
from basewatch.components.keys import EncryptedComponent, Key, Secret
from basewatch.components.monitoring import Detection, Trail
from basewatch.components.relations import Relation, related
from basewatch.components.services import Api, CacheCluster, EventRule, Function, Queue, Table
from basewatch.components.slo import Slo
from basewatch.components.storage import AuditBucket, BackupVault, Bucket, BucketComponent, DumpBackups
from basewatch.components.watcher import Watcher

__all__ = [
    "COMPONENT_SECTIONS",
    "COMPONENT_TYPES",
    "AlarmedComponent",
    "Api",
    "AuditBucket",
    "AuroraCluster",
    "AwsAccount",
    "AwsComponent",
    "BackedUpComponent",
    "BackupVault",
    "Bucket",
    "BucketComponent",
    "CacheCluster",
    "ClaimDocument",
    "Component",
    "Components",
    "Database",
    "Deployment",
    "Detection",
    "DumpBackups",
    "EncryptedComponent",
    "Endpoint",
    "EventRule",
    "Function",
    "Key",
    "LoggedComponent",
    "PrivateComponent",
    "Queue",
    "Relation",
    "Secret",
    "Slo",
    "Table",
    "Trail",
    "Watcher",
    "described",
    "related",
]


class Components(ConfigModel):
    """Every declared component. A field here registers a component kind and names its section in the configuration."""

    aws_accounts: tuple[AwsAccount, ...] = ()
    aurora_clusters: tuple[AuroraCluster, ...] = ()
    databases: tuple[Database, ...] = ()
    functions: tuple[Function, ...] = ()
    apis: tuple[Api, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    tables: tuple[Table, ...] = ()
    cache_clusters: tuple[CacheCluster, ...] = ()
    queues: tuple[Queue, ...] = ()
    event_rules: tuple[EventRule, ...] = ()
    backup_vaults: tuple[BackupVault, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    audit_buckets: tuple[AuditBucket, ...] = ()
    dump_backups: tuple[DumpBackups, ...] = ()
    keys: tuple[Key, ...] = ()
    secrets: tuple[Secret, ...] = ()
    detections: tuple[Detection, ...] = ()
    trails: tuple[Trail, ...] = ()
    slos: tuple[Slo, ...] = ()
    claim_documents: tuple[ClaimDocument, ...] = ()
    deployments: tuple[Deployment, ...] = ()

    def __iter__(self) -> Iterator[Component]:  # type: ignore[override]  # a pydantic model iterates over its fields
        for section in COMPONENT_SECTIONS.values():
            yield from getattr(self, section)


COMPONENT_SECTIONS: Mapping[type[Component], str] = {
    get_args(field.annotation)[0]: section for section, field in Components.model_fields.items()
}
COMPONENT_TYPES: tuple[type[Component], ...] = (*COMPONENT_SECTIONS, Watcher)
_NOUNS: Mapping[str, str] = {each.kind: each.noun for each in COMPONENT_TYPES if each.noun}
# arn:aws:lambda:us-east-1:123456789012:function:NAME
_NAME_IN_ARN = 6


def described(ref: str) -> str:
    """A component's ref in words: `S3 bucket logs` for `audit_bucket/logs`. Of an ARN, the name is shown."""
    kind, _, name = ref.partition("/")
    if name.startswith("arn:"):
        name = ":".join(name.split(":")[_NAME_IN_ARN:]) or name
    noun = _NOUNS.get(kind) or kind.replace("_", " ")
    return noun if noun.lower() == name else f"{noun} {name}".strip()
