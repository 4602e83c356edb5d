"""The components of the platform and what each promises: a promise is the parameter of the checks."""

from __future__ import annotations

from basewatch.components.component import Component, InAccount
from basewatch.components.databases import AuroraCluster, Database
from basewatch.components.keeping import AuditBucket, BackupVault, DumpBackups
from basewatch.components.objectives import Slo
from basewatch.components.services import Api, CacheCluster, EventRule, Function, Queue, Table

__all__ = [
    "KINDS",
    "Api",
    "AuditBucket",
    "AuroraCluster",
    "BackupVault",
    "CacheCluster",
    "Component",
    "Database",
    "DumpBackups",
    "EventRule",
    "Function",
    "InAccount",
    "Queue",
    "Slo",
    "Table",
]

KINDS: tuple[type[Component], ...] = (
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
