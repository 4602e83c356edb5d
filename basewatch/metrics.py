"""The metrics collected in a pass, and the client through which checks read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from basewatch.errors import ObservationError
from basewatch.model import Reason, Window
from basewatch.series import Series

SETTLE_DELAY = timedelta(minutes=3)
"""How long a pass waits for a period to settle: it reads each period once, and younger ones may still change."""

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
_KEPT = (
    (timedelta(hours=1), timedelta(days=455)),
    (timedelta(minutes=5), timedelta(days=63)),
    (timedelta(minutes=1), timedelta(days=15)),
)


def kept_for(period: timedelta) -> timedelta:
    """How long CloudWatch keeps datapoints of a period; it aggregates them, so a multiple is kept as long or longer."""
    return next((kept for finest, kept in _KEPT if period % finest == timedelta()), timedelta(hours=3))


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedSeries:
    """One collected series of a component (its `ref`). No points means that CloudWatch has none, which is a fact."""

    component: str
    series: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionGap:
    """Metrics of a component that could not be collected: nothing is known about their values.

    `family` is the missing metric; empty means every metric of this collector. `source` and `action` are those of
    ObservationError.
    """

    collector: str
    component: str
    reason: Reason
    detail: str
    family: str = ""
    remedy: str = ""
    source: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The source, principal and requests of a component's metrics; without requests, the account was not reached."""

    component: str
    source: str
    principal: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedMetrics:
    """Everything collected over `window`, which ends before the periods that may still change, and the gaps.

    The series start `warm_up` before the window. The previous run judged those periods; they show how a breach at the
    start of the window began. For a component in `judged_until`, periods up to that time were judged too.

    `past_series` reach further back, at longer periods, up to the end of the window; `past_gaps` are theirs.
    """

    window: Window
    collected_series: tuple[CollectedSeries, ...] = ()
    gaps: tuple[CollectionGap, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    warm_up: timedelta = timedelta()
    judged_until: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    past_series: tuple[CollectedSeries, ...] = ()
    past_gaps: tuple[CollectionGap, ...] = ()

    @property
    def series(self) -> tuple[Series, ...]:
        """All collected series, limited to the window."""
        return tuple(_since(each.series, self.window.start) for each in self.collected_series)

    def judged_window(self, component: str) -> Window:
        """The part of the window that this run is the first to judge for a component (its `ref`)."""
        return replace(self.window, start=max(self.judged_until.get(component, self.window.start), self.window.start))


class MetricsClient:
    """A client that answers from the collected metrics and records what it was asked for; one per observation."""

    def __init__(self, collected: CollectedMetrics) -> None:
        self._collected = collected
        self._asked: dict[str, Provenance] = {}

    @property
    def source(self) -> str:
        """The source of the metrics read so far."""
        return " ".join(dict.fromkeys(asked.source for asked in self._asked.values()))

    @property
    def principal(self) -> str:
        """The principal that collected them."""
        return " ".join(dict.fromkeys(asked.principal for asked in self._asked.values()))

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests that collected them."""
        return tuple(dict.fromkeys(request for asked in self._asked.values() for request in asked.requests))

    @property
    def action(self) -> str:
        """The action that collects metrics."""
        return "cloudwatch:GetMetricData"

    @property
    def window(self) -> Window:
        """The window that every series covers."""
        return self._collected.window

    @property
    def warm_up(self) -> timedelta:
        """How long before the window the series start, so that a breach that is already under way is seen in full."""
        return self._collected.warm_up

    def judged_window(self, component: str) -> Window:
        """The part of the window that this run is the first to judge for a component (its `ref`)."""
        return self._collected.judged_window(component)

    def series(self, component: str, family: str, **labels: str) -> Series:
        """The series `family` of a component (its `ref`) whose labels include `labels`, such as `quantile="0.95"`.

        A series without points was collected completely and is empty. Raises: ObservationError, with the gap's reason
        when it was not collected, and UNSUPPORTED when no collector requests it; ValueError, when several series match.
        """
        found = self._found(self._collected.collected_series, component, family, labels)
        if len(found) > 1:
            raise ValueError(f"{component} has {len(found)} series {family} with {labels}: select one by its labels")
        if not found:
            raise _why_not(self._collected.gaps, component, family)
        return found[0]

    def all_series(self, component: str, family: str) -> tuple[Series, ...]:
        """All series `family` of a component that has several.

        Raises: ObservationError, when one is missing.
        """
        found = self._found(self._collected.collected_series, component, family, {})
        if not found or any(gap.family == family for gap in _gaps(self._collected.gaps, component, family)):
            raise _why_not(self._collected.gaps, component, family)
        return found

    def past_series(
        self, component: str, family: str, *, period: timedelta | None = None, **labels: str
    ) -> tuple[Series, ...]:
        """All series `family` of a component over a longer past, whose labels include `labels`, each once.

        With `period`, those of this period. Raises: ObservationError, when one is missing or no past of it was
        requested.
        """
        found = _longest(
            each
            for each in self._found(self._collected.past_series, component, family, labels)
            if period in (None, each.period)
        )
        if _gaps(self._collected.past_gaps, component, family):
            raise _why_not(self._collected.past_gaps, component, family)
        if not found:
            raise ObservationError(Reason.NOT_ENOUGH_DATA, "the past of its metrics was not requested")
        return found

    def collects(self, component: str, family: str) -> bool:
        """Whether a collector requests a metric of a component (its `ref`), with or without success."""
        collected = self._collected
        found = self._found(collected.collected_series, component, family, {})
        return bool(found or _gaps(collected.gaps, component, family))

    def _found(
        self, among: tuple[CollectedSeries, ...], component: str, family: str, labels: Mapping[str, str]
    ) -> tuple[Series, ...]:
        self._asked |= {asked.component: asked for asked in self._collected.provenance if asked.component == component}
        return tuple(
            each.series
            for each in among
            if each.component == component
            and each.series.name == family
            and labels.items() <= dict(each.series.labels).items()
        )


def _longest(series: Iterable[Series]) -> tuple[Series, ...]:
    """One series of each metric and period: two objectives may have asked for the same one, over different times."""
    longest = dict[tuple[object, timedelta], Series]()
    for each in series:
        known = longest.setdefault((each.labels, each.period), each)
        if len(each.points) > len(known.points):
            longest[each.labels, each.period] = each
    return tuple(longest.values())


def _gaps(gaps: tuple[CollectionGap, ...], component: str, family: str) -> tuple[CollectionGap, ...]:
    return tuple(gap for gap in gaps if gap.component == component and gap.family in ("", family))


def _why_not(gaps: tuple[CollectionGap, ...], component: str, family: str) -> ObservationError:
    for gap in _gaps(gaps, component, family):
        detail = f"The metrics could not be collected: {gap.detail}"
        return ObservationError(gap.reason, detail, remedy=gap.remedy, source=gap.source, action=gap.action)
    return ObservationError(
        Reason.UNSUPPORTED,
        f"No collector requests the metric {family}",
        remedy="declare the component of this metric, or install a collector that requests it",
    )


def _since(series: Series, start: datetime) -> Series:
    first = next((at for at, point in enumerate(series.points) if point.period_end > start), len(series.points))
    return replace(series, points=series.points[first:]) if first else series
