"""The components of the platform and what each promises: a promise is the parameter of the checks."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from basewatch.declared import AuditTable, Backup, Capacity, Declared, Keep, ObjectLock, Proxy, RestoreDrill
from basewatch.errors import WrongValue
from basewatch.quantities import Duration, DurationLimit, Rate, RateLimit, ShareLimit, duration_text
from basewatch.secrets import Reference, SecretReference
from basewatch.tenancy import Tenancy


class Component(Declared):
    """One declared thing of the platform; `kind` and `name` together identify it everywhere.

    `promises` are the settings that claim something of it, such as `backup.rpo`; the others say what and where it is.
    """

    kind: ClassVar[str]
    section: ClassVar[str]
    promises: ClassVar[tuple[str, ...]]
    name: str = Field(min_length=1)

    @property
    def ref(self) -> str:
        """The component's identity in findings, evidence and alerts, such as `function/auth-v2`."""
        return f"{self.kind}/{self.name}"

    def makes(self, promise: str) -> bool:
        """Whether this component makes the promise at a path such as `proxy.pool_use_below`: it is set, and not off."""
        value: object = self
        for key in promise.split("."):
            value = getattr(value, key) if value is not None else None
        return any(value.model_dump().values()) if isinstance(value, Declared) else bool(value)


class InAccount(Component):
    """A component that lives in one AWS account and region; None means the only one declared."""

    account: str | None = None
    region: str | None = None


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
    )
    capacity: Capacity | None = None
    multi_az: bool = False
    storage_key: str | None = None
    instances: tuple[str, ...] = ()
    backup: Backup
    proxy: Proxy | None = None
    alarms_quiet: bool = False


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


class Function(InAccount):
    """A Lambda function."""

    kind: ClassVar[str] = "function"
    section: ClassVar[str] = "functions"
    promises: ClassVar[tuple[str, ...]] = ("errors_below", "p95_below")
    errors_below: ShareLimit | None = None
    p95_below: DurationLimit | None = None


class Api(InAccount):
    """A stage of an API Gateway REST API."""

    kind: ClassVar[str] = "api"
    section: ClassVar[str] = "apis"
    promises: ClassVar[tuple[str, ...]] = ("authorizer", "rate_limit", "p95_below", "server_errors_below")
    stage: str
    authorizer: Literal["required", "optional"] = "required"
    rate_limit: Rate | None = None
    p95_below: DurationLimit | None = None
    server_errors_below: RateLimit | None = None


class Table(InAccount):
    """A DynamoDB table."""

    kind: ClassVar[str] = "table"
    section: ClassVar[str] = "tables"
    promises: ClassVar[tuple[str, ...]] = ("pitr", "throttled_below")
    pitr: Duration | None = None
    throttled_below: RateLimit | None = None


class AuditBucket(InAccount):
    """An S3 bucket that keeps audit records under Object Lock."""

    kind: ClassVar[str] = "audit_bucket"
    section: ClassVar[str] = "audit_buckets"
    promises: ClassVar[tuple[str, ...]] = ("object_lock",)
    object_lock: ObjectLock


class DumpBackups(InAccount):
    """A set of pg_dump archives of one database, in a bucket under a prefix."""

    kind: ClassVar[str] = "dump_backups"
    section: ClassVar[str] = "dump_backups"
    promises: ClassVar[tuple[str, ...]] = ("stale_after", "keep", "restore_drill")
    bucket: str
    prefix: str = ""
    database: str
    every: Duration
    stale_after: Duration
    keep: Keep = Keep()
    restore_drill: RestoreDrill | None = None

    @model_validator(mode="after")
    def _goes_stale_after_the_next_is_due(self) -> Self:
        if self.stale_after < self.every:
            raise WrongValue(
                f"stale_after {duration_text(self.stale_after)} is shorter than every {duration_text(self.every)}, "
                "so a punctual backup would look stale",
                "make stale_after longer, by the time one backup takes",
            )
        return self


KINDS: tuple[type[Component], ...] = (
    AuroraCluster,
    Database,
    Function,
    Api,
    Table,
    AuditBucket,
    DumpBackups,
)
