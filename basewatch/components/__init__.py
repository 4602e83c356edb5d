"""The components of the platform and what each promises: a promise is the parameter of the checks."""

from __future__ import annotations

from basewatch.components.component import Component, InAccount
from basewatch.components.databases import AuroraCluster, Database
from basewatch.components.services import Api, CacheCluster, EventRule, Function, Queue, Table
from basewatch.components.slo import Slo
from basewatch.components.storage import AuditBucket, BackupVault, DumpBackups

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
