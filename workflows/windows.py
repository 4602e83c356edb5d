"""Which minutes a run is the first to judge, so that every minute is judged by one run, and none by none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from basewatch.check import AnyCheck
from basewatch.collector import MetricTarget
from basewatch.history.values import LastRun
from basewatch.metrics import CollectedMetrics, CollectionGap, MetricsClient
from basewatch.model import Finding, Status, Window
from collectors.cloudwatch.collect import collect
from collectors.cloudwatch.planner import settled_window
from collectors.cloudwatch.source import MetricSource
from workflows.plan import Plan

_WORTH_A_PLAN = timedelta(hours=1)
"""How much less before a window has to be needed for it to be asked for apart."""
MAX_REEVALUATION = timedelta(days=1)
"""How far before the last run's end the minutes are still read that it could not judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationWindow:
    """What a run judges, and from when on each component of which an earlier run has judged a part of that.

    Metrics are read from `warm_up` before: a breach that goes on as the window begins is seen whole, and told by the
    run in whose window it still went on.
    """

    window: Window
    warm_up: timedelta
    judged_from: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    def collect(
        self,
        targets: Sequence[MetricTarget],
        gaps: Sequence[CollectionGap],
        warm_ups: Mapping[str, timedelta],
        source_of: Callable[[str, str], MetricSource],
    ) -> CollectedMetrics:
        """What is known of the targets, with what of it is judged; CloudWatch is given time to settle all of it.

        `warm_ups` are by component.
        """
        lead_of, apart = warm_up_of(warm_ups), dict[timedelta, list[MetricTarget]]()
        for target in targets:
            apart.setdefault(min(lead_of(target), self.warm_up), []).append(target)
        windows = {lead: replace(self.window, start=self.window.start - lead) for lead in apart}
        parts = [collect(some, (), windows[lead], source_of) for lead, some in apart.items()]
        readings = (reading for part in parts for reading in part.collected_series)
        return CollectedMetrics(
            window=settled_window(self.window),
            collected_series=tuple(sorted(readings, key=lambda reading: (reading.series.name, reading.series.labels))),
            gaps=(*gaps, *(gap for part in parts for gap in part.gaps)),
            provenance=tuple(asked for part in parts for asked in part.provenance),
            warm_up=self.warm_up,
            judged_until={ref: settled_window(Window(start=at, end=at)).start for ref, at in self.judged_from.items()},
        )


def warm_up_of(warm_ups: Mapping[str, timedelta]) -> Callable[[MetricTarget], timedelta]:
    """How long before a window a target is read too, where `warm_ups` say how long each component needs.

    Most promises need minutes, an objective hours: there are two leads then, the longest and one for all that need
    less. Otherwise there is one, so that everything is in one plan.
    """
    longest = max(warm_ups.values(), default=timedelta())
    shorter = max((lead for lead in warm_ups.values() if longest - lead > _WORTH_A_PLAN), default=longest)

    def lead_of(target: MetricTarget) -> timedelta:
        return shorter if warm_ups.get(target.resource.component, timedelta()) <= shorter else longest

    return lead_of


def evaluation_window(
    plan: Plan, last: LastRun | None, current_findings: Iterable[Finding], now: datetime
) -> EvaluationWindow:
    """What a run of everything at `now` judges: all since the last one, and what that one could not tell.

    A component of which it could not tell something over time is judged again over the last run's window, which in turn
    began where the runs before it could not tell; others go on where it ended.
    """
    usual = plan.next_window(last.window_end if last else None, now)
    over_time = {planned.check.id for planned in plan.checks if _over_time(planned.check)}
    untold = {f.component for f in current_findings if f.status is Status.UNVERIFIED and f.check in over_time}
    if last is None or not untold:
        return EvaluationWindow(window=usual, warm_up=plan.warm_up)
    start = min(usual.start, max(last.window_start, last.window_end - MAX_REEVALUATION))
    told = {planned.component.ref for planned in plan.checks} - untold
    return EvaluationWindow(
        window=replace(usual, start=start), warm_up=plan.warm_up, judged_from=dict.fromkeys(told, usual.start)
    )


def _over_time(check: AnyCheck) -> bool:
    return check.client_type is MetricsClient or check.id.startswith("service.")
