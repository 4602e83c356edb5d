"""The models of the configuration: what the platform promises, and how Basewatch watches it."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, create_model, model_validator

from basewatch.component_settings import ConfigModel, parse_optional_section
from basewatch.components import Components
from basewatch.config.alerting import Alerts
from basewatch.config.collection import CollectorSettings
from basewatch.config.heartbeats import Heartbeats
from basewatch.config.launch import Launch
from basewatch.config.prometheus import Prometheus
from basewatch.config.web import Web
from basewatch.errors import InvalidValueError
from basewatch.identifiers import AccountId, DatabaseUrl, FileMode, Region
from basewatch.model import Severity
from basewatch.notifier import Channel
from basewatch.quantities import Duration, format_duration, parse_duration


class Platform(ConfigModel):
    """The platform's name and environment, as alerts and reports show them."""

    name: str
    environment: str


class Account(ConfigModel):
    """One AWS account. Its `role` is assumed for reading, unless the caller already has that role.

    Its metrics are requested from `monitoring_account` where CloudWatch's cross-account observability links the two.
    """

    id: AccountId
    role: str | None = None
    regions: tuple[Region, ...] = Field(min_length=1)
    monitoring_account: str | None = Field(
        default=None, description="the monitoring account that sees this one's metrics (CloudWatch cross-account)"
    )


class AwsSettings(ConfigModel):
    """The AWS accounts, by the names that components use. Omitted where no component is in AWS."""

    accounts: dict[str, Account] = Field(min_length=1)


class RunPolicy(ConfigModel):
    """How a pass is run: how often one is expected, the shortest window that it judges, and its deadlines."""

    every: Duration = parse_duration("6h")
    lookback: Duration = parse_duration("1h")
    deadline: Duration = parse_duration("10m")
    check_deadline: Duration = parse_duration("30s")
    concurrency: int = Field(default=8, ge=1, le=64)

    @model_validator(mode="after")
    def _one_check_fits_in_the_run(self) -> Self:
        if self.check_deadline > self.deadline:
            raise InvalidValueError(
                f"check_deadline {format_duration(self.check_deadline)} is longer than deadline "
                f"{format_duration(self.deadline)} of the whole run",
                "make check_deadline shorter, or deadline longer",
            )
        return self


class CatalogWatch(ConfigModel):
    """How `serve` watches the catalogues that tenant isolation rests on.

    A poll that finds a change triggers the checks at once. Without a change, the static proof is repeated at the
    interval `prove_every`, and the read probes at the interval `probe_every`.
    """

    every: Duration = parse_duration("5s")
    prove_every: Duration = parse_duration("1h")
    probe_every: Duration = parse_duration("5m")


class CheckSettings(ConfigModel):
    """The settings of a check. Thresholds are promises, and are settings of the component."""

    enabled: bool = True
    severity: Severity | None = None


class Reports(ConfigModel):
    """The folder that reports are written to, and who may read them.

    `metrics_mode` is for `metrics.prom`, which the node exporter reads as another user; by default it is `mode`.
    """

    directory: str = "out"
    mode: FileMode = "0600"
    metrics_mode: FileMode | None = None


class HistorySettings(ConfigModel):
    """The database that runs are recorded in: a SQLAlchemy URL, or a secret reference if it has a password."""

    url: DatabaseUrl = "sqlite:///out/basewatch.db"


class Config(ConfigModel):
    """The whole configuration; relative paths in it start at the working directory."""

    model_config = ConfigDict(defer_build=True)
    version: Literal[1]
    platform: Platform
    aws: AwsSettings | None = None
    components: Components
    run: RunPolicy = RunPolicy()
    watch: Annotated[CatalogWatch | None, BeforeValidator(parse_optional_section)] = CatalogWatch()
    checks: dict[str, CheckSettings] = {}
    collectors: CollectorSettings = CollectorSettings()
    alerts: Alerts = Alerts()
    heartbeats: Heartbeats = ()
    reports: Reports = Reports()
    history: HistorySettings = HistorySettings()
    web: Web = Web()
    prometheus: Prometheus = Prometheus()
    launch: Launch = Launch()

    @model_validator(mode="after")
    def _no_alert_ends_between_two_passes(self) -> Self:
        # An alert that the other side ends by itself looks resolved. A pass may be late, so there is time for two.
        for channel in self.alerts.channels:
            if channel.kept_for is not None and channel.kept_for < 2 * self.run.every:
                raise InvalidValueError(
                    f"the channel {channel.name} keeps an open alert for {format_duration(channel.kept_for)}, and a "
                    f"pass comes every {format_duration(self.run.every)}",
                    "let it keep alerts for at least two passes, such as hold: 7d",
                )
        return self


@cache
def config_model(channel_types: tuple[type[Channel], ...]) -> type[Config]:
    """The configuration in which `alerts.channels` may be of these kinds, and of no others."""
    if not channel_types:
        return Config
    kinds: Any = reduce(or_, channel_types)
    channel = Annotated[kinds, Field(discriminator="kind")] if len(channel_types) > 1 else kinds
    channels: Any = GenericAlias(tuple, (channel, ...))
    alerts = create_model("Alerts", __base__=Alerts, __doc__=Alerts.__doc__, channels=(channels, ()))
    return create_model("Config", __base__=Config, __doc__=Config.__doc__, alerts=(alerts, alerts()))
