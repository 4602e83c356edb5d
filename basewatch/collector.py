"""What a collector is: declarative metric specs and the resources they are asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from basewatch.components import Component

C = TypeVar("C", bound=Component)


class MetricType(StrEnum):
    """How a family reads in Prometheus.

    A counter adds up over periods, a gauge is the newest value; a summary has quantiles that are gauges, and a `_sum`
    and a `_count` that are counters.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One statistic of one CloudWatch metric and the Prometheus family it becomes.

    `factor` turns CloudWatch's unit into the base unit (0.001 for milliseconds, 0.01 for percent); `labels` are fixed
    beside the resource's own, such as `quantile`; `suffix` is `_sum` or `_count` within a summary; `period` is
    CloudWatch's, a multiple of 60 s.
    """

    family: str
    type: MetricType
    help: str
    namespace: str
    metric: str
    statistic: str
    factor: float = 1.0
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    period: timedelta = timedelta(minutes=1)

    @property
    def name(self) -> str:
        """What the series is called: the family, and its part within a summary."""
        return self.family + self.suffix

    @property
    def adds_up(self) -> bool:
        """Whether the series' points are amounts per period, to be added up, and not readings."""
        return self.type is MetricType.COUNTER or self.suffix != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that CloudWatch keeps metrics of: its exact dimensions, and the labels it is known by in Prometheus."""

    component: str
    dimensions: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector(Generic[C]):
    """The metrics of one AWS service: `resources` names what a declared component is measured by.

    `specs` are all that it may ask for, so that the families are known before anything is collected.
    """

    name: str
    component: type[C]
    resources: Callable[[C], Iterator[tuple[Resource, tuple[MetricSpec, ...]]]]
    specs: tuple[MetricSpec, ...]


AnyCollector = Collector[Any]
