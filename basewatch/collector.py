"""What a collector is: declarative metric specs, and the resources they are asked of, declared or discovered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from basewatch.aws import AwsClient
from basewatch.components import Component
from basewatch.family import MetricFamily, MetricType

C = TypeVar("C", bound=Component)


class Unit(StrEnum):
    """What CloudWatch counts a metric in, as its documentation says; `scale` turns that into the base unit.

    RATIO is for metrics that CloudWatch calls a percentage and reports as 0 to 1.
    """

    COUNT = "count"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    MICROSECONDS = "microseconds"
    PERCENT = "percent"
    RATIO = "ratio"
    BYTES = "bytes"

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be in seconds, bytes, or a ratio from 0 to 1."""
        return _FACTORS.get(self, 1.0)


_FACTORS: Mapping[Unit, float] = {Unit.MILLISECONDS: 0.001, Unit.MICROSECONDS: 0.000001, Unit.PERCENT: 0.01}


class RefreshTier(StrEnum):
    """How often a metric is asked for; `collectors` in the configuration says how often each of them is.

    FAST is for what an SLO or a page of minutes rests on, SLOW for what changes by the hour.
    """

    FAST = "fast"
    STANDARD = "standard"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One statistic of one CloudWatch metric and the Prometheus family it becomes.

    `labels` are fixed beside the resource's own, such as `quantile`; `suffix` is `_sum` or `_count` within a summary;
    `period` is CloudWatch's, a multiple of 60 s. `allowed_lateness` is how long after its end a period may still be
    corrected.
    """

    family: str
    type: MetricType
    help: str
    namespace: str
    metric: str
    statistic: str
    unit: Unit = Unit.COUNT
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    period: timedelta = timedelta(minutes=1)
    tier: RefreshTier = RefreshTier.STANDARD
    allowed_lateness: timedelta = timedelta(minutes=5)

    @property
    def series_name(self) -> str:
        """What the series is called: the family, and its part within a summary."""
        return self.family + self.suffix

    @property
    def scale(self) -> float:
        """What CloudWatch's value is multiplied by; a count of samples has no unit."""
        return 1.0 if self.statistic == "SampleCount" else self.unit.scale

    @property
    def is_counter(self) -> bool:
        """Whether the series' points are amounts per period, to be added up, and not readings."""
        return self.type is MetricType.COUNTER or self.suffix != ""

    @property
    def exported_family(self) -> MetricFamily:
        """The family as Prometheus is told of it."""
        return MetricFamily(name=self.family, type=self.type, help=self.help)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that CloudWatch keeps metrics of: its exact dimensions, and the labels it is known by in Prometheus.

    `component_type` is the ref of what was declared, empty for what was discovered. `allowed_lateness` is how long its
    periods may still be corrected, where that differs from the specs': Lambda stamps by the start of an invocation.
    `arn` and `tags` are told by `aws_resource_info` alone.
    """

    component: str
    dimensions: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    allowed_lateness: timedelta | None = None
    arn: str = ""
    tags: tuple[tuple[str, str], ...] = ()


MeasuredResource = tuple[Resource, tuple[MetricSpec, ...]]
"""A resource, and what is asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTarget:
    """A resource in its place: what `collector` asks of it there. `account_id` owns it, whoever is asked about it."""

    collector: str
    account_id: str
    region: str
    resource: Resource
    specs: tuple[MetricSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedResource:
    """A resource as its own service describes it: the dimensions that CloudWatch knows it by, its ARN, its tags."""

    dimensions: Mapping[str, str]
    arn: str = ""
    tags: Mapping[str, str] | None = None
    allowed_lateness: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySpec:
    """How a collector finds what nobody declared.

    A resource is known by exactly `dimensions`, and in use when CloudWatch lists any of its metrics as recently active;
    while it is not, only `activity_metric` is asked of it. `resource_type` is the tagging API's, such as
    `lambda:function`, and `dimensions_of_arn` the dimensions that an ARN stands for, None when it is of something else;
    `describe` lists by the service's own API, which needs `needs`. `from_dimensions` is what is asked of a resource
    with these dimensions, None when they are not ones to ask of.
    """

    namespace: str
    activity_metric: str
    dimensions: tuple[str, ...]
    from_dimensions: Callable[[Mapping[str, str]], MeasuredResource | None]
    resource_type: str = ""
    dimensions_of_arn: Callable[[str], Mapping[str, str] | None] = lambda _arn: None
    describe: Callable[[AwsClient], Iterator[DescribedResource]] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector(Generic[C]):
    """The metrics of one AWS service: `resources` names what a declared component is measured by.

    `specs` are all that it may ask for, so that the families are known before anything is collected.
    """

    name: str
    component_type: type[C]
    resources: Callable[[C], Iterator[MeasuredResource]]
    specs: tuple[MetricSpec, ...]
    discovery_specs: tuple[DiscoverySpec, ...] = ()


AnyCollector = Collector[Any]
