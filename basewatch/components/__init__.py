"""The component kinds and the promises of each. A promise is the parameter of the checks that judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from basewatch.component_settings import ConfigModel
from basewatch.components.component import AlarmedComponent, AwsComponent, Component
from basewatch.components.databases import AuroraCluster, Database
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
    "Slo",
    "Table",
    "Watcher",
]


class Components(ConfigModel):
    """Every declared component. A field here registers a component kind and names its section in the configuration."""

    aurora_clusters: tuple[AuroraCluster, ...] = ()
    databases: tuple[Database, ...] = ()
    functions: tuple[Function, ...] = ()
    apis: tuple[Api, ...] = ()
    tables: tuple[Table, ...] = ()
    cache_clusters: tuple[CacheCluster, ...] = ()
    queues: tuple[Queue, ...] = ()
    event_rules: tuple[EventRule, ...] = ()
    backup_vaults: tuple[BackupVault, ...] = ()
    audit_buckets: tuple[AuditBucket, ...] = ()
    dump_backups: tuple[DumpBackups, ...] = ()
    slos: tuple[Slo, ...] = ()

    def __iter__(self) -> Iterator[Component]:  # type: ignore[override]  # a pydantic model iterates over its fields
        for section in COMPONENT_SECTIONS.values():
            yield from getattr(self, section)


COMPONENT_SECTIONS: Mapping[type[Component], str] = {
    get_args(field.annotation)[0]: section for section, field in Components.model_fields.items()
}
COMPONENT_TYPES: tuple[type[Component], ...] = (*COMPONENT_SECTIONS, Watcher)
