"""A number of each instance of a cluster, judged instance by instance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from basewatch.components import AuroraCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Verdict, not_applicable
from checks.service.minute_grid import AlignedSeries, read_series
from checks.service.sustained import PromisedLimit, judge_sustained


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSeries:
    """One number of one instance, minute by minute."""

    instance: str
    series: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMetric:
    """One number of every declared instance of a cluster."""

    by_instance: tuple[InstanceSeries, ...]


def instance_metric(metrics: MetricsClient, cluster: AuroraCluster, family: str) -> InstanceMetric:
    """The gauge `family` of every instance of the cluster. Raises: ObservationError, when one was not collected."""
    return InstanceMetric(
        by_instance=tuple(
            InstanceSeries(instance=instance, series=read_series(metrics, cluster, family, db_instance=instance))
            for instance in cluster.instances
        )
    )


def judge_instances(facts: InstanceMetric, promise: PromisedLimit) -> Iterator[Verdict]:
    """A verdict on each instance; one that exists always reports, so its silence proves nothing."""
    if not facts.by_instance:
        yield _nobody()
    for each in facts.by_instance:
        verdict = judge_sustained(each.series, (True,) * len(each.series.values), promise)
        yield replace(verdict, subject=each.instance)


def judge_readers(facts: InstanceMetric, promise: PromisedLimit) -> Iterator[Verdict]:
    """A verdict on each instance of which only readers report.

    In a minute in which one alone is silent it is the writer; when several are, nobody knows which of them it is.
    """
    if not facts.by_instance[1:]:
        yield _nobody()
        return
    for each in facts.by_instance:
        others = [other.series.values for other in facts.by_instance if other is not each]
        reading = tuple(
            value is not None or any(other is None for other in same)
            for value, *same in zip(each.series.values, *others, strict=True)
        )
        verdict = judge_sustained(each.series, reading, promise, idle_verdict=_WRITER)
        yield replace(verdict, subject=each.instance)


def _nobody() -> Verdict:
    return not_applicable("The cluster declares no instance that this is a number of", observed="no such instance")


_WRITER = not_applicable("The instance was the writer, which follows nobody", observed="the writer in every minute")
