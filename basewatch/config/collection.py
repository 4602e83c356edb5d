"""How metrics are collected: the intervals, the discovery of undeclared resources, the rates and the budget."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.errors import InvalidValueError
from basewatch.quantities import Duration, format_duration, parse_duration


class DiscoveryRule(ConfigModel):
    """Where a collector discovers resources that are not declared, and how.

    `list` asks CloudWatch which metrics were recently active. `tags` asks for resources that have all of `tags`;
    resources that were never tagged are not found. `describe` asks the service itself.
    """

    collector: str
    by: Literal["list", "tags", "describe"]
    account: str | None = None
    region: str | None = None
    tags: dict[str, str] = {}
    at_most: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="how many resources are collected at most; omitted ones are reported",
    )


class CollectorSettings(ConfigModel):
    """How `serve` collects metrics: the interval of each tier, what is discovered, and the budget.

    `fast` is for metrics that page within minutes, `slow` for those that change by the hour, `standard` for the others.
    A budget, in dollars a month by the upper cost estimate, lengthens the slow interval first, then the standard one.
    """

    fast: Duration = parse_duration("1m")
    standard: Duration = parse_duration("5m")
    slow: Duration = parse_duration("1h")
    budget: float | None = Field(default=None, gt=0)
    max_staleness: Duration = Field(
        default=parse_duration("15m"), description="how long a series is still exported when it could not be refreshed"
    )
    discover: tuple[DiscoveryRule, ...] = ()
    discover_every: Duration = parse_duration("15m")
    skip_idle: bool = Field(
        default=True, description="request only one metric of a discovered resource without recent activity"
    )
    exported_tags: tuple[str, ...] = Field(default=(), description="the tags that aws_resource_info exports")
    concurrency: int = Field(default=5, ge=1, le=50)
    calls_per_second: float = Field(default=40, gt=0, description="of each API, in each account and region; AWS: 50")
    datapoints_per_second: float = Field(default=170_000, gt=0, description="AWS allows 180,000")

    @model_validator(mode="after")
    def _tiers_fit(self) -> Self:
        minute = parse_duration("1m")
        for name, interval in (("fast", self.fast), ("standard", self.standard), ("slow", self.slow)):
            if interval % minute:
                raise InvalidValueError(
                    f"{name} {format_duration(interval)} is not a whole number of minutes",
                    "CloudWatch's periods are minutes",
                )
        if not self.fast <= self.standard <= self.slow:
            raise InvalidValueError("fast, standard and slow do not grow in this order", "make slow the longest")
        return self
