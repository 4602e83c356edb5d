"""The alerts section of the configuration: the channels, what each of them is notified of, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, InstanceOf, SerializeAsAny

from basewatch.component_settings import ConfigModel, parse_optional_section
from basewatch.config.silences import Maintenance, QuietPeriod, Silence
from basewatch.config.streak import PassesOrDuration, ReminderInterval, Streak
from basewatch.config.templates import template_of
from basewatch.model import Severity
from basewatch.notifier import Channel
from basewatch.quantities import Duration, parse_duration


class Route(ConfigModel):
    """What a channel is notified of: alerts at or above `severity` that match every other filter.

    A filter on checks, components or labels matches an alert if it matches any finding in it; an empty one matches all.
    The settings that are omitted are those of `alerts`.
    """

    channel: str
    severity: Severity = Severity.LOW
    checks: tuple[str, ...] = Field(default=(), description="globs over the ids of checks, such as tenancy.*")
    components: tuple[str, ...] = Field(default=(), description="globs over components, such as function/*")
    labels: dict[str, str] = Field(default={}, description="labels that the component has to have")
    unverified: bool = Field(default=True, description="whether UNVERIFIED findings are reported as well")
    blind: bool | None = Field(
        default=None,
        description="whether it is reported that nothing of a database, a region or an account could be observed; "
        "by default yes if the channel pages, else as `unverified`",
    )
    older_than: Duration | None = Field(
        default=None, description="only alerts that have been open for so long and that nobody has acknowledged"
    )
    digest: Duration | None = Field(
        default=None, description="collects alerts, and sends them at most once in this interval, such as 24h"
    )
    fire_after: PassesOrDuration | None = None
    unverified_after: PassesOrDuration | None = None
    blind_after: PassesOrDuration | None = None
    resolve_after: PassesOrDuration | None = None
    remind_every: ReminderInterval | None = None


class Flapping(ConfigModel):
    """An alert that changed `changes` times within `within` stays open until it has not changed for `quiet`."""

    changes: int = Field(default=6, ge=3, le=100)
    within: Duration = parse_duration("24h")
    quiet: Duration = parse_duration("2h")


class AlertLinks(ConfigModel):
    """Where the links in alerts lead. The dashboard's is `prometheus.dashboard_url`."""

    runbooks: Annotated[str, template_of("page")] = Field(
        default="docs/runbooks/{page}.md",
        description="where the runbooks are published; {page} is the id of the check, or blind, unseen or history-down",
    )
    report: Annotated[str, template_of("run")] | None = Field(
        default=None,
        description="where the reports are published; {run} is the id of the run",
        examples=["https://reports.example.com/{run}/report.html"],
    )


class DrillSchedule(ConfigModel):
    """Every channel gets a drill at the first pass after `every`: an alert marked as one, and its end."""

    every: Duration


class Alerts(ConfigModel):
    """Who sends alerts on verdicts: Basewatch's own channels (`direct`), or the user's Prometheus (`prometheus`).

    A FAIL notifies after `fire_after`, UNVERIFIED after `unverified_after`, and a place of which nothing could be
    observed after `blind_after`; a problem has ended after `resolve_after` without it. `remind_every` is the interval
    between two notifications of a problem that lasts; `false` means never.
    """

    verdicts: Literal["direct", "prometheus"] = "direct"
    # `config_model` narrows this to the kinds of channel that are installed.
    channels: tuple[SerializeAsAny[InstanceOf[Channel]], ...] = ()
    routes: tuple[Route, ...] = ()
    fire_after: PassesOrDuration = Streak()
    unverified_after: PassesOrDuration = Streak()
    blind_after: PassesOrDuration = Streak()
    resolve_after: PassesOrDuration = Streak()
    remind_every: ReminderInterval = parse_duration("24h")
    drill: DrillSchedule | None = None
    flapping: Annotated[Flapping | None, BeforeValidator(parse_optional_section)] = Flapping()
    links: AlertLinks = Field(default_factory=AlertLinks)
    silences: tuple[Silence, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    def quiet_periods(self, since: datetime, at: datetime) -> tuple[QuietPeriod, ...]:
        """Every silence and maintenance window that touches the time between `since` and `at`."""
        declared: tuple[Silence | Maintenance, ...] = (*self.silences, *self.maintenance)
        return tuple(period for each in declared for period in each.periods(since, at))
