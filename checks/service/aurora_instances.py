"""A number of each instance of a cluster, judged instance by instance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from basewatch.components import AuroraCluster
from basewatch.metrics import Metrics
from basewatch.model import Verdict, not_applicable
from checks.service.minute_grid import Track, track
from checks.service.sustained import Promise, judge_sustained


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTrack:
    """One number of one instance, minute by minute."""

    instance: str
    track: Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """One number of every declared instance of a cluster."""

    tracks: tuple[InstanceTrack, ...]


def instances(metrics: Metrics, cluster: AuroraCluster, family: str) -> Instances:
    """The gauge `family` of every instance of the cluster. Raises: CouldNotLook, when one was not collected."""
    return Instances(
        tracks=tuple(
            InstanceTrack(instance=instance, track=track(metrics, cluster, family, db_instance=instance))
            for instance in cluster.instances
        )
    )


def judge_instances(facts: Instances, promise: Promise) -> Iterator[Verdict]:
    """A verdict on each instance; one that exists always reports, so its silence proves nothing."""
    if not facts.tracks:
        yield _nobody()
    for each in facts.tracks:
        verdict = judge_sustained(each.track, (True,) * len(each.track.values), promise)
        yield replace(verdict, subject=each.instance)


def judge_readers(facts: Instances, promise: Promise) -> Iterator[Verdict]:
    """A verdict on each instance of which only readers report.

    In a minute in which one alone is silent it is the writer; when several are, nobody knows which of them it is.
    """
    if not facts.tracks[1:]:
        yield _nobody()
        return
    for each in facts.tracks:
        others = [other.track.values for other in facts.tracks if other is not each]
        reading = tuple(
            value is not None or any(other is None for other in same)
            for value, *same in zip(each.track.values, *others, strict=True)
        )
        verdict = judge_sustained(each.track, reading, promise, idle=_WRITER)
        yield replace(verdict, subject=each.instance)


def _nobody() -> Verdict:
    return not_applicable("The cluster declares no instance that this is a number of", observed="no such instance")


_WRITER = not_applicable("The instance was the writer, which follows nobody", observed="the writer in every minute")
