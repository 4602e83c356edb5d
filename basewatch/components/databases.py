"""Aurora clusters, and the databases in them."""

from __future__ import annotations

from typing import ClassVar

from basewatch.components.component import Component, InAccount
from basewatch.declared import AuditTable, Backup, Capacity, Proxy
from basewatch.quantities import CountLimit, DurationLimit, ShareLimit
from basewatch.secrets import Reference, SecretReference
from basewatch.tenancy import Tenancy


class AuroraCluster(InAccount):
    """An Aurora PostgreSQL cluster, its instances and its proxy."""

    kind: ClassVar[str] = "aurora_cluster"
    section: ClassVar[str] = "aurora_clusters"
    promises: ClassVar[tuple[str, ...]] = (
        "capacity",
        "multi_az",
        "storage_key",
        "backup.retention",
        "backup.rpo",
        "backup.rto",
        "backup.deletion_protection",
        "proxy.require_tls",
        "proxy.pool_use_below",
        "alarms_quiet",
        "cpu_below",
        "load_below",
        "connections_below",
        "read_latency_below",
        "write_latency_below",
        "replica_lag_below",
    )
    capacity: Capacity | None = None
    multi_az: bool = False
    storage_key: str | None = None
    instances: tuple[str, ...] = ()
    backup: Backup
    proxy: Proxy | None = None
    alarms_quiet: bool = False
    cpu_below: ShareLimit | None = None
    load_below: CountLimit | None = None
    connections_below: CountLimit | None = None
    read_latency_below: DurationLimit | None = None
    write_latency_below: DurationLimit | None = None
    replica_lag_below: DurationLimit | None = None


class Database(Component):
    """A PostgreSQL database with its tenancy, and where there are such, its Aurora cluster and its audit table.

    Reads go to the `reader` where there is one; only what is tried of writes goes to `url`.
    """

    kind: ClassVar[str] = "database"
    section: ClassVar[str] = "databases"
    promises: ClassVar[tuple[str, ...]] = (
        "tenancy",
        "tenancy.write_probes",
        "tenancy.pooled",
        "tenancy.sweep",
        "audit.append_only",
        "audit.failed_logins_below",
    )
    cluster: str | None = None
    url: SecretReference
    reader: SecretReference | None = None
    tenancy: Tenancy
    audit: AuditTable | None = None

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """Every secret that its checks log in with: its own URL, the reader's, and those of the principals' logins."""
        logins = (url for login in self.tenancy.logins.values() for url in (login.url, login.through_proxy))
        return tuple(url for url in (self.url, self.reader, *logins) if url is not None)
