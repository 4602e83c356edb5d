"""Aurora clusters, and the databases in them."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from basewatch.component_settings import AuditTable, Backup, Capacity, ConfigModel, FailedLoginFilter, Proxy
from basewatch.components.component import BackedUpComponent, Component, LoggedComponent, PrivateComponent
from basewatch.components.keys import EncryptedComponent
from basewatch.errors import InvalidValueError
from basewatch.identifiers import CalendarDate
from basewatch.quantities import CountThreshold, DurationThreshold, RatioThreshold
from basewatch.secrets import Reference, SecretReference
from basewatch.tenancy import Tenancy


class AuroraCluster(BackedUpComponent, LoggedComponent, EncryptedComponent, PrivateComponent):
    """An Aurora PostgreSQL cluster, its instances and its proxy.

    `since` is the day by which it was created or last restored on purpose: a younger one has lost its backups.
    """

    kind: ClassVar[str] = "aurora_cluster"
    noun: ClassVar[str] = "Aurora cluster"
    dimension: ClassVar[str] = "DBClusterIdentifier"
    arn_format: ClassVar[str] = "arn:{partition}:rds:{region}:{account}:cluster:{name}"
    promises: ClassVar[tuple[str, ...]] = (
        *BackedUpComponent.promises,
        "engine_version",
        "capacity",
        "multi_az",
        "keys",
        "instances",
        "backup.retention",
        "backup.rpo",
        "backup.rto",
        "backup.deletion_protection",
        "proxy",
        "proxy.require_tls",
        "proxy.pool_use_below",
        "proxy.borrow_latency_below",
        "alarms_quiet",
        "private",
        "logs",
        "acu_use_below",
        "cpu_below",
        "load_below",
        "connections_below",
        "read_latency_below",
        "write_latency_below",
        "replica_lag_below",
    )
    engine_version: str | None = None
    capacity: Capacity | None = None
    multi_az: bool = False
    since: CalendarDate | None = None
    instances: tuple[str, ...] = ()
    backup: Backup
    proxy: Proxy | None = None
    acu_use_below: RatioThreshold | None = None
    cpu_below: RatioThreshold | None = None
    load_below: CountThreshold | None = None
    connections_below: CountThreshold | None = None
    read_latency_below: DurationThreshold | None = None
    write_latency_below: DurationThreshold | None = None
    replica_lag_below: DurationThreshold | None = None

    @property
    def alarm_dimensions(self) -> tuple[tuple[str, str], ...]:
        """Those of the cluster, of its declared instances and of its proxy."""
        instances = (("DBInstanceIdentifier", name) for name in self.instances)
        proxy = (("ProxyName", self.proxy.name),) if self.proxy else ()
        return ((self.dimension, self.name), *instances, *proxy)


class DatabaseMetricSettings(ConfigModel):
    """The metrics of a database: its connections, its oldest transaction, and row counts by the tier of tenants.

    `tier` is a column of the tenancy's root table. Rows of the root table and of `tables`, which have the tenant key,
    are counted by tier. No metric is of a single tenant.
    """

    tier: str | None = None
    tables: tuple[str, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _tables_have_tiers(self) -> Self:
        if self.tables and self.tier is None:
            raise InvalidValueError(
                "rows are counted by the tier of tenants, and tier is missing", "add tier: a column"
            )
        return self


class Database(Component):
    """A PostgreSQL database with its tenancy, and optionally its Aurora cluster and its audit table.

    Reads go to `reader` if it is set; then only the write probes go to `url`.
    """

    kind: ClassVar[str] = "database"
    noun: ClassVar[str] = "database"
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
                    f"metrics.tables: rows of '{table}' get their tenant from another table",
                    "remove it: only tables with the tenant key can be counted",
                )
        return self

    @property
    def failed_logins(self) -> FailedLoginFilter | None:
        """The filter of the audit table's rows that are failed logins; None when none are declared."""
        audit = self.audit
        if audit is None:
            return None
        return audit.failed_logins or (FailedLoginFilter() if audit.failed_logins_below else None)

    def qualified_name(self, table: str) -> tuple[str, str]:
        """The schema and the name of a table that the configuration names."""
        schema, _, name = table.rpartition(".")
        return schema or self.tenancy.schemas[0], name

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """Every secret that its checks need: its URL, the reader's, and those of the principals' logins."""
        logins = (url for login in self.tenancy.logins.values() for url in (login.url, login.proxy_url))
        return tuple(url for url in (self.url, self.reader, *logins) if url is not None)
