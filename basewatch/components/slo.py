"""Service level objectives: the ratio of a component's events that have to be good."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from basewatch.components.component import AwsComponent
from basewatch.errors import InvalidValueError
from basewatch.quantities import Duration, Ratio, parse_duration

LONGEST_BURN_WINDOW = parse_duration("6h")


class Slo(AwsComponent):
    """A service level objective: the promised ratio of good events of the component `of` (a ref).

    `availability` counts requests or invocations without an error of the platform; `latency` counts minutes whose p99
    is below `below`; `throttling` counts table operations that were not throttled. `window` is the budget's.
    """

    kind: ClassVar[str] = "slo"
    noun: ClassVar[str] = "SLO"
    promises: ClassVar[tuple[str, ...]] = ("objective",)
    of: str
    sli: Literal["availability", "latency", "throttling"]
    objective: Ratio = Field(gt=0, lt=1)
    below: Duration | None = None
    window: Duration = parse_duration("30d")

    @model_validator(mode="after")
    def _latency_has_a_limit(self) -> Self:
        if (self.sli == "latency") != (self.below is not None):
            raise InvalidValueError("a latency SLO, and no other kind, needs `below`", "add below: 500ms")
        return self

    @property
    def error_budget(self) -> float:
        """The ratio of events that may be bad."""
        return 1 - self.objective

    @property
    def warm_up(self) -> timedelta:
        """The longest window over which the burn rate is computed."""
        return LONGEST_BURN_WINDOW
