"""What was collected of the platform's metrics, and the client through which checks ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from basewatch.errors import ObservationError
from basewatch.model import Reason, Series, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedSeries:
    """One series that was collected, of one component (its `ref`); no points means that there are none, a fact."""

    component: str
    series: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionGap:
    """What a collector could not find out about a component: its metrics are not known to be anything at all.

    `family` is the one metric that is missing; empty means every metric of this collector.
    """

    collector: str
    component: str
    reason: Reason
    detail: str
    family: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who was asked about a component, by whom, in which requests; an account without requests was not reached."""

    component: str
    source: str
    principal: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedMetrics:
    """What is known over `window`, which ends before the periods that may still change, and what is not known.

    The series begin `warm_up` before it: the run before judged those periods, and they say how a stretch began. So it
    did the periods of a component in `judged_until`, up to the moment there.
    """

    window: Window
    collected_series: tuple[CollectedSeries, ...] = ()
    gaps: tuple[CollectionGap, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    warm_up: timedelta = timedelta()
    judged_until: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def series(self) -> tuple[Series, ...]:
        """Every series that was collected, whatever it is of, over the window alone."""
        return tuple(_since(reading.series, self.window.start) for reading in self.collected_series)

    def judged_window(self, component: str) -> Window:
        """The span of which this run is the first to judge a component (its `ref`)."""
        return replace(self.window, start=max(self.judged_until.get(component, self.window.start), self.window.start))


class MetricsClient:
    """A client that answers from what was collected, and remembers what it was asked for; made for one observation."""

    def __init__(self, collected: CollectedMetrics) -> None:
        self._collected = collected
        self._asked: dict[str, Provenance] = {}

    @property
    def source(self) -> str:
        """Where the metrics asked for so far come from."""
        return " ".join(dict.fromkeys(asked.source for asked in self._asked.values()))

    @property
    def principal(self) -> str:
        """Who collected them."""
        return " ".join(dict.fromkeys(asked.principal for asked in self._asked.values()))

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests they were collected by."""
        return tuple(dict.fromkeys(request for asked in self._asked.values() for request in asked.requests))

    @property
    def window(self) -> Window:
        """The span of time that every series covers."""
        return self._collected.window

    @property
    def warm_up(self) -> timedelta:
        """How long before the window the series begin, so that what goes on within it is seen whole."""
        return self._collected.warm_up

    def judged_window(self, component: str) -> Window:
        """The span within the window of which this run is the first to judge a component (its `ref`)."""
        return self._collected.judged_window(component)

    def series(self, component: str, family: str, **labels: str) -> Series:
        """The series called `family` of a component (its `ref`) whose labels include `labels`: `quantile="0.95"`.

        One without points was answered completely and has none. Raises: ObservationError, with the gap's reason when it
        was not collected, and as UNSUPPORTED when no collector asks for it; ValueError, when several series are meant.
        """
        found = self._found(component, family, labels)
        if len(found) > 1:
            raise ValueError(f"{component} has {len(found)} series {family} with {labels}: name one")
        if not found:
            raise self._why_not(component, family)
        return found[0]

    def all_series(self, component: str, family: str) -> tuple[Series, ...]:
        """Every series called `family` of a component that has several.

        Raises: ObservationError, when one is missing.
        """
        found = self._found(component, family, {})
        if not found or any(gap.family == family for gap in self._gaps(component, family)):
            raise self._why_not(component, family)
        return found

    def _found(self, component: str, family: str, labels: Mapping[str, str]) -> tuple[Series, ...]:
        self._asked |= {asked.component: asked for asked in self._collected.provenance if asked.component == component}
        return tuple(
            reading.series
            for reading in self._collected.collected_series
            if reading.component == component
            and reading.series.name == family
            and labels.items() <= dict(reading.series.labels).items()
        )

    def _gaps(self, component: str, family: str) -> tuple[CollectionGap, ...]:
        return tuple(g for g in self._collected.gaps if g.component == component and g.family in ("", family))

    def _why_not(self, component: str, family: str) -> ObservationError:
        if gaps := self._gaps(component, family):
            gap = gaps[0]
            return ObservationError(gap.reason, f"{family} was not collected: {gap.detail}", remedy=gap.remedy)
        return ObservationError(
            Reason.UNSUPPORTED,
            f"no collector asks for {family} of {component}",
            remedy="declare what the metric belongs to, or install the collector that asks for it",
        )


def _since(series: Series, start: datetime) -> Series:
    first = next((at for at, point in enumerate(series.points) if point.period_end > start), len(series.points))
    return replace(series, points=series.points[first:]) if first else series
