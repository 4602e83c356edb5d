"""The evaluation window of a run: every minute is judged by exactly one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from basewatch.check import AnyCheck
from basewatch.collector import MetricTarget
from basewatch.history.values import LastRun
from basewatch.metrics import CollectedMetrics, CollectionGap, MetricsClient, Provenance
from basewatch.model import Finding, Status, Window
from basewatch.time_limit import TimeLimit
from checks.service.past import PastNeed
from collectors.cloudwatch.collect import collect_parts
from collectors.cloudwatch.planner import settled_window
from collectors.cloudwatch.source import MetricSource
from workflows.past_metrics import past_targets
from workflows.plan import Plan

_WORTH_A_REQUEST = timedelta(hours=1)
"""How much shorter a warm-up must be to justify a request of its own."""
MAX_REEVALUATION = timedelta(days=1)
"""How far before the end of the last run a run still evaluates minutes that the last run left UNVERIFIED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationWindow:
    """The window that a run judges. `judged_from` is the start for components that were judged in part of it before.

    Metrics are also read for `warm_up` before the window. So a breach that has begun before the window is seen from
    its start, and the run whose window it reaches reports it.
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
        past: Sequence[PastNeed] = (),
        *,
        limit: TimeLimit | None = None,
    ) -> CollectedMetrics:
        """The metrics of the targets. The judged window ends early enough that CloudWatch no longer corrects it.

        `warm_ups` are by component, and `past` is what checks need from further back. What is not answered when the
        limit is over is a gap.
        """
        target_warm_up, by_warm_up = warm_up_of(warm_ups), dict[timedelta, list[MetricTarget]]()
        for target in targets:
            by_warm_up.setdefault(min(target_warm_up(target), self.warm_up), []).append(target)
        beginnings = [(some, warm_up) for warm_up, some in by_warm_up.items()]
        pasts = [(some, length) for length, some in past_targets(targets, past).items()]
        asked = [
            (some, replace(self.window, start=self.window.start - before)) for some, before in (*beginnings, *pasts)
        ]
        found = collect_parts(asked, source_of, limit=limit)
        parts, earlier = found[: len(beginnings)], found[len(beginnings) :]
        readings = (reading for part in parts for reading in part.collected_series)
        return CollectedMetrics(
            window=settled_window(self.window),
            collected_series=tuple(sorted(readings, key=lambda reading: (reading.series.name, reading.series.labels))),
            gaps=(*gaps, *(gap for part in parts for gap in part.gaps)),
            provenance=_merged(request for part in (*parts, *earlier) for request in part.provenance),
            warm_up=self.warm_up,
            judged_until={ref: settled_window(Window(start=at, end=at)).start for ref, at in self.judged_from.items()},
            past_series=tuple(reading for part in earlier for reading in part.collected_series),
            past_gaps=tuple(gap for part in earlier for gap in part.gaps),
        )


def _merged(provenance: Iterable[Provenance]) -> tuple[Provenance, ...]:
    """One for each component, with the requests of all."""
    merged: dict[str, Provenance] = {}
    for each in provenance:
        before = merged.get(each.component)
        requests = tuple(dict.fromkeys((*(before.requests if before else ()), *each.requests)))
        merged[each.component] = replace(each, requests=requests)
    return tuple(merged.values())


def warm_up_of(warm_ups: Mapping[str, timedelta]) -> Callable[[MetricTarget], timedelta]:
    """The warm-up of a target, given the warm-ups that the components need.

    Most promises need minutes, an objective needs hours. Then there are two warm-ups: the longest, and one for all
    that need clearly less. Otherwise there is one, so that all targets share the same requests.
    """
    longest = max(warm_ups.values(), default=timedelta())
    shorter = max((each for each in warm_ups.values() if longest - each > _WORTH_A_REQUEST), default=longest)

    def target_warm_up(target: MetricTarget) -> timedelta:
        return shorter if warm_ups.get(target.resource.component, timedelta()) <= shorter else longest

    return target_warm_up


def evaluation_window(
    plan: Plan, last: LastRun | None, current_findings: Iterable[Finding], now: datetime
) -> EvaluationWindow:
    """The evaluation window of a full run at `now`: the time since the last run, and what that one left UNVERIFIED.

    A component with an UNVERIFIED verdict about time is judged again over the last run's window, which itself covers
    what earlier runs left UNVERIFIED. Other components are judged from the end of the last window.
    """
    default_window = plan.next_window(last.window_end if last else None, now)
    over_time = {planned.check.id for planned in plan.checks if judges_time(planned.check)}
    unverified = {f.component for f in current_findings if f.status is Status.UNVERIFIED and f.check in over_time}
    if last is None or not unverified:
        return EvaluationWindow(window=default_window, warm_up=plan.warm_up)
    start = min(default_window.start, max(last.window_start, last.window_end - MAX_REEVALUATION))
    verified = {planned.component.ref for planned in plan.checks} - unverified
    return EvaluationWindow(
        window=replace(default_window, start=start),
        warm_up=plan.warm_up,
        judged_from=dict.fromkeys(verified, default_window.start),
    )


def repeated_window(plan: Plan, last: LastRun | None, now: datetime) -> EvaluationWindow:
    """The window of a partial run with metrics: that of the last full run, for what that one could not see.

    It ends where that one ended. So the next full run judges the minutes since then as if this one had not been, and no
    minute is judged by nobody.
    """
    if last is None or last.window_end > now:
        return EvaluationWindow(window=plan.next_window(None, now), warm_up=plan.warm_up)
    start = max(last.window_start, last.window_end - MAX_REEVALUATION)
    return EvaluationWindow(window=Window(start=start, end=last.window_end), warm_up=plan.warm_up)


def judges_time(check: AnyCheck) -> bool:
    """Whether a check judges the minutes of a window, rather than one moment."""
    return check.client_type is MetricsClient or check.id.startswith("service.")
