"""The components of the platform and what each promises: a promise is the parameter of the checks."""

from __future__ import annotations

from basewatch.components.component import AwsComponent, Component
from basewatch.components.databases import AuroraCluster, Database
from basewatch.components.services import Api, CacheCluster, EventRule, Function, Queue, Table
from basewatch.components.slo import Slo
from basewatch.components.storage import AuditBucket, BackupVault, DumpBackups

__all__ = [
    "COMPONENT_TYPES",
    "Api",
    "AuditBucket",
    "AuroraCluster",
    "AwsComponent",
    "BackupVault",
    "CacheCluster",
    "Component",
    "Database",
    "DumpBackups",
    "EventRule",
    "Function",
    "Queue",
    "Slo",
    "Table",
]

COMPONENT_TYPES: tuple[type[Component], ...] = (
    AuroraCluster,
    Database,
    Function,
    Api,
    Table,
    CacheCluster,
    Queue,
    EventRule,
    BackupVault,
    AuditBucket,
    DumpBackups,
    Slo,
)
