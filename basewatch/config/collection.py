"""How metrics are collected: how often, of what nobody declared, how fast, and what it may cost."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.errors import InvalidValueError
from basewatch.quantities import Duration, format_duration, parse_duration


class DiscoveryRule(ConfigModel):
    """Where a collector looks for resources that nobody declared, and how.

    `list` asks CloudWatch which metrics were active lately; `tags` asks for resources that have all of `tags` (what was
    never tagged is not found); `describe` asks the service itself.
    """

    collector: str
    by: Literal["list", "tags", "describe"]
    account: str | None = None
    region: str | None = None
    tags: dict[str, str] = {}
    at_most: int = Field(default=1000, ge=1, le=100_000, description="more are left out, and that is said")


class CollectorSettings(ConfigModel):
    """How `serve` collects metrics: how often each tier is asked, what is discovered, and what a month may cost.

    `fast` is for what pages within minutes, `every` for the rest, `slow` for what changes by the hour. A budget, in
    dollars a month at the dearer reading of the price, makes the slow tier slower first, and then the standard one.
    """

    fast: Duration = parse_duration("1m")
    every: Duration = parse_duration("5m")
    slow: Duration = parse_duration("1h")
    budget: float | None = Field(default=None, gt=0)
    hold: Duration = Field(
        default=parse_duration("15m"), description="how long a series is shown that could not be got"
    )
    discover: tuple[DiscoveryRule, ...] = ()
    discover_every: Duration = parse_duration("15m")
    gate: bool = Field(default=True, description="ask little of a discovered resource that had no activity lately")
    tags: tuple[str, ...] = Field(default=(), description="the tags that aws_resource_info tells")
    concurrency: int = Field(default=5, ge=1, le=50)
    calls_per_second: float = Field(default=40, gt=0, description="of each API, in each account and region; AWS: 50")
    datapoints_per_second: float = Field(default=170_000, gt=0, description="AWS allows 180,000")

    @model_validator(mode="after")
    def _tiers_fit(self) -> Self:
        minute = parse_duration("1m")
        for name, span in (("fast", self.fast), ("every", self.every), ("slow", self.slow)):
            if span % minute:
                raise InvalidValueError(
                    f"{name} {format_duration(span)} is not whole minutes", "CloudWatch's periods are minutes"
                )
        if not self.fast <= self.every <= self.slow:
            raise InvalidValueError("fast, every and slow do not grow in this order", "make slow the longest")
        return self
