"""What a collector is: declarative metric specs and the resources they are asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from basewatch.components import Component

C = TypeVar("C", bound=Component)


class MetricType(StrEnum):
    """How a family reads in Prometheus: a counter adds up over periods, a gauge is the newest value."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One statistic of one CloudWatch metric and the Prometheus family it becomes.

    `factor` turns CloudWatch's unit into the base unit (0.001 for milliseconds, 0.01 for percent); `labels` are fixed
    beside the resource's own, such as `quantile`; `period` is CloudWatch's, a multiple of 60 s.
    """

    family: str
    type: MetricType
    help: str
    namespace: str
    metric: str
    statistic: str
    factor: float = 1.0
    labels: tuple[tuple[str, str], ...] = ()
    period: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that CloudWatch keeps metrics of: its exact dimensions, and the labels it is known by in Prometheus."""

    component: str
    dimensions: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The metrics of one AWS service: `resources` names what a declared component is measured by."""

    name: str
    component: type[Component]
    resources: Callable[[Component], Iterator[tuple[Resource, tuple[MetricSpec, ...]]]]
    specs: tuple[MetricSpec, ...]
