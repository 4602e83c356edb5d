"""The contract of a collector: metric specs, and the resources they are requested of."""

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
    """The unit that CloudWatch documents for a metric; `scale` converts to the base unit.

    RATIO is for metrics that CloudWatch calls a percentage but reports as 0 to 1.
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
        """The factor that converts a value to seconds, bytes, or a ratio from 0 to 1."""
        return _FACTORS.get(self, 1.0)


_FACTORS: Mapping[Unit, float] = {Unit.MILLISECONDS: 0.001, Unit.MICROSECONDS: 0.000001, Unit.PERCENT: 0.01}


class RefreshTier(StrEnum):
    """How often a metric is refreshed; the interval of each tier is set under `collectors` in the configuration.

    FAST is for metrics of SLOs and of alerts within minutes, SLOW for metrics that change by the hour.
    """

    FAST = "fast"
    STANDARD = "standard"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One statistic of one CloudWatch metric, and its Prometheus family.

    `labels` are fixed labels beside those of the resource, such as `quantile`; `suffix` is `_sum` or `_count` in a
    summary; `period` is CloudWatch's, a multiple of 60 s. `allowed_lateness` is how long after its end a period may
    still be corrected.
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
        """The name of the series: the family, and the suffix within a summary."""
        return self.family + self.suffix

    @property
    def scale(self) -> float:
        """The factor for CloudWatch's value; 1 for SampleCount, which has no unit."""
        return 1.0 if self.statistic == "SampleCount" else self.unit.scale

    @property
    def is_counter(self) -> bool:
        """Whether the values are amounts per period, to be summed, rather than gauge values."""
        return self.type is MetricType.COUNTER or self.suffix != ""

    @property
    def exported_family(self) -> MetricFamily:
        """The family as exported."""
        return MetricFamily(name=self.family, type=self.type, help=self.help)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource with metrics in CloudWatch: its exact dimensions and its Prometheus labels.

    `component` is the ref of the declared component, empty for a discovered resource. `allowed_lateness` replaces that
    of the specs when set: Lambda, for example, uses the start of an invocation as timestamp. `arn` and `tags` are
    exported by `aws_resource_info` only.
    """

    component: str
    dimensions: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    allowed_lateness: timedelta | None = None
    arn: str = ""
    tags: tuple[tuple[str, str], ...] = ()


MeasuredResource = tuple[Resource, tuple[MetricSpec, ...]]
"""A resource and the specs requested of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTarget:
    """A resource in its account and region, and what `collector` requests of it. `account_id` owns the resource."""

    collector: str
    account_id: str
    region: str
    resource: Resource
    specs: tuple[MetricSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedResource:
    """A resource as described by its own service: its CloudWatch dimensions, its ARN, its tags."""

    dimensions: Mapping[str, str]
    arn: str = ""
    tags: Mapping[str, str] | None = None
    allowed_lateness: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySpec:
    """How a collector discovers undeclared resources of one kind.

    A resource has exactly the dimensions `dimensions`. It is active when ListMetrics lists any of its metrics as
    recently active; of an idle resource, only `activity_metric` is requested. `resource_type` is from the tagging
    API, such as `lambda:function`; `dimensions_of_arn` maps an ARN to dimensions, or to None for another kind.
    `describe` lists the resources by the service's own API and needs the IAM actions `needs`. `from_dimensions`
    returns the resource and specs for a set of dimensions, or None when they are not measured.
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
    """The metrics of one AWS service; `resources` returns the resources of a declared component.

    `specs` lists everything it may request, so that all families are known before the first request.
    """

    name: str
    component_type: type[C]
    resources: Callable[[C], Iterator[MeasuredResource]]
    specs: tuple[MetricSpec, ...]
    discovery_specs: tuple[DiscoverySpec, ...] = ()


AnyCollector = Collector[Any]
