"""Aurora clusters, and the databases in them."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from basewatch.component_settings import AuditTable, Backup, Capacity, ConfigModel, FailedLoginFilter, Proxy
from basewatch.components.component import AwsComponent, Component
from basewatch.errors import InvalidValueError
from basewatch.quantities import CountThreshold, DurationThreshold, RatioThreshold
from basewatch.secrets import Reference, SecretReference
from basewatch.tenancy import Tenancy


class AuroraCluster(AwsComponent):
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
    cpu_below: RatioThreshold | None = None
    load_below: CountThreshold | None = None
    connections_below: CountThreshold | None = None
    read_latency_below: DurationThreshold | None = None
    write_latency_below: DurationThreshold | None = None
    replica_lag_below: DurationThreshold | None = None


class DatabaseMetricSettings(ConfigModel):
    """What is measured within a database: its connections, its oldest transaction, and rows by the tier of tenants.

    `tier` is a column of the tenancy's root. Rows of the root are counted by it, and those of `tables`, which hold the
    tenant's key. There is no number of any one tenant.
    """

    tier: str | None = None
    tables: tuple[str, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _tables_have_tiers(self) -> Self:
        if self.tables and self.tier is None:
            raise InvalidValueError(
                "rows are counted by the tier of tenants, and no tier is said", "add tier: a column"
            )
        return self


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
    metrics: DatabaseMetricSettings | None = None

    @model_validator(mode="after")
    def _counted_tables_have_keys(self) -> Self:
        for table in self.metrics.tables if self.metrics else ():
            if not isinstance(self.tenancy.tenant_key(table), tuple):
                raise InvalidValueError(
                    f"metrics.tables: rows of '{table}' belong to the tenants of another table's rows",
                    "leave it out: only tables that hold the tenant's key themselves can be counted",
                )
        return self

    @property
    def failed_logins(self) -> FailedLoginFilter | None:
        """Which rows of the audit table are failed logins, where somebody said that some are."""
        audit = self.audit
        if audit is None:
            return None
        return audit.failed_logins or (FailedLoginFilter() if audit.failed_logins_below else None)

    def qualified_name(self, table: str) -> tuple[str, str]:
        """The schema and name of a table that the configuration names, as the catalogue spells them."""
        schema, _, name = table.rpartition(".")
        return schema or self.tenancy.schemas[0], name

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """Every secret that its checks log in with: its own URL, the reader's, and those of the principals' logins."""
        logins = (url for login in self.tenancy.logins.values() for url in (login.url, login.through_proxy))
        return tuple(url for url in (self.url, self.reader, *logins) if url is not None)
