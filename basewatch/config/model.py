"""The configuration's shape: what the platform promises, and how Basewatch watches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.components import (
    Api,
    AuditBucket,
    AuroraCluster,
    BackupVault,
    CacheCluster,
    Component,
    Database,
    DumpBackups,
    EventRule,
    Function,
    Queue,
    Slo,
    Table,
)
from basewatch.config.collection import CollectorSettings
from basewatch.config.prometheus import Prometheus
from basewatch.errors import InvalidValueError
from basewatch.identifiers import AccountId, DatabaseUrl, HostPort, Region
from basewatch.model import Severity
from basewatch.quantities import Duration, format_duration, parse_duration
from basewatch.secrets import SecretReference


class Platform(ConfigModel):
    """Which platform this is, as people and alerts name it."""

    name: str
    environment: str


class Account(ConfigModel):
    """One AWS account; `role` is assumed for reading, unless the caller already is that role.

    Its metrics are asked of the account `through`, where CloudWatch's cross-account observability links the two.
    """

    id: AccountId
    role: str | None = None
    regions: tuple[Region, ...] = Field(min_length=1)
    through: str | None = Field(
        default=None, description="the monitoring account that sees this one's metrics (CloudWatch cross-account)"
    )


class AwsSettings(ConfigModel):
    """The AWS accounts, by the name components use for them; left out where nothing lives in AWS."""

    accounts: dict[str, Account] = Field(min_length=1)


class Components(ConfigModel):
    """Every declared component, by kind."""

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

    def __iter__(self) -> Iterator[Component]:  # type: ignore[override]  # a pydantic model iterates fields; we, components
        for section in (
            self.aurora_clusters,
            self.databases,
            self.functions,
            self.apis,
            self.tables,
            self.cache_clusters,
            self.queues,
            self.event_rules,
            self.backup_vaults,
            self.audit_buckets,
            self.dump_backups,
            self.slos,
        ):
            yield from section


class RunPolicy(ConfigModel):
    """How a pass is run: how often one is expected, how far it looks back at least, and when it stops waiting."""

    every: Duration = parse_duration("6h")
    lookback: Duration = parse_duration("1h")
    deadline: Duration = parse_duration("10m")
    check_deadline: Duration = parse_duration("30s")
    concurrency: int = Field(default=8, ge=1, le=64)

    @model_validator(mode="after")
    def _one_check_fits_in_the_run(self) -> Self:
        if self.check_deadline > self.deadline:
            raise InvalidValueError(
                f"check_deadline {format_duration(self.check_deadline)} is longer than the whole run's deadline "
                f"{format_duration(self.deadline)}",
                "make check_deadline shorter, or deadline longer",
            )
        return self


def parse_optional_section(value: object) -> object:
    """A section that `false` turns off."""
    return None if value is False else value


class CatalogWatch(ConfigModel):
    """How `serve` watches the catalogues that tenant isolation rests on.

    Every change found by a poll is judged at once; `prove` and `probe` say how often the static proof and the read
    probes are made again even without one.
    """

    every: Duration = parse_duration("5s")
    prove: Duration = parse_duration("1h")
    probe: Duration = parse_duration("5m")


class CheckSettings(ConfigModel):
    """What may be changed of a check; thresholds are promises and stand beside the component."""

    enabled: bool = True
    severity: Severity | None = None


class SlackChannel(ConfigModel):
    """A Slack incoming webhook."""

    name: str
    kind: Literal["slack"]
    webhook: SecretReference


class PagerDutyChannel(ConfigModel):
    """A PagerDuty Events v2 integration; `endpoint` is for its EU region."""

    name: str
    kind: Literal["pagerduty"]
    routing_key: SecretReference
    endpoint: str | None = None


Channel = Annotated[SlackChannel | PagerDutyChannel, Field(discriminator="kind")]


class Route(ConfigModel):
    """Which findings reach a channel: those at or above `severity`."""

    channel: str
    severity: Severity = Severity.LOW
    unverified: bool = Field(default=True, description="whether findings that turn UNVERIFIED are told as well")


class Alerts(ConfigModel):
    """Who is told of verdicts: Basewatch's own channels (`direct`), or the user's Prometheus (`prometheus`)."""

    verdicts: Literal["direct", "prometheus"] = "direct"
    channels: tuple[Channel, ...] = ()
    routes: tuple[Route, ...] = ()


class Reports(ConfigModel):
    """Where reports are written."""

    directory: str = "out"


class HistorySettings(ConfigModel):
    """Where runs are recorded: a SQLAlchemy URL, or a secret reference to it when it holds a password."""

    url: DatabaseUrl = "sqlite:///out/basewatch.db"


class Web(ConfigModel):
    """Where `serve` listens."""

    listen: HostPort = "127.0.0.1:9464"


class Config(ConfigModel):
    """The whole configuration; relative paths in it start at the working directory."""

    version: Literal[1]
    platform: Platform
    aws: AwsSettings | None = None
    components: Components
    run: RunPolicy = RunPolicy()
    watch: Annotated[CatalogWatch | None, BeforeValidator(parse_optional_section)] = CatalogWatch()
    checks: dict[str, CheckSettings] = {}
    collectors: CollectorSettings = CollectorSettings()
    alerts: Alerts = Alerts()
    reports: Reports = Reports()
    history: HistorySettings = HistorySettings()
    web: Web = Web()
    prometheus: Prometheus = Prometheus()
