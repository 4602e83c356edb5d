"""The component kinds and the promises of each. A promise is the parameter of the checks that judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from basewatch.component_settings import ConfigModel
from basewatch.components.component import AlarmedComponent, AwsComponent, Component
from basewatch.components.databases import AuroraCluster, Database
from basewatch.components.relations import Relation, related
from basewatch.components.services import Api, CacheCluster, EventRule, Function, Queue, Table
from basewatch.components.slo import Slo
from basewatch.components.storage import AuditBucket, BackupVault, DumpBackups
from basewatch.components.watcher import Watcher

__all__ = [
    "COMPONENT_SECTIONS",
    "COMPONENT_TYPES",
    "AlarmedComponent",
    "Api",
    "AuditBucket",
    "AuroraCluster",
    "AwsComponent",
    "BackupVault",
    "CacheCluster",
    "Component",
    "Components",
    "Database",
    "DumpBackups",
    "EventRule",
    "Function",
    "Queue",
    "Relation",
    "Slo",
    "Table",
    "Watcher",
    "described",
    "related",
