"""One pass, end to end: observe, judge, record the run, then deliver its notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from uuid import uuid4

from alerts import (
    DEFAULT_DELIVERY_RETRY_POLICY,
    Delivery,
    DeliveryRetryPolicy,
    Picture,
    bundled,
    deliver,
    last_chance_policy,
)
from basewatch import __version__
from basewatch.aws import SharedAnswers
from basewatch.clients import PastPasses
from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import Finding, Run, Transition, Window
from basewatch.notifier import Notifier
from basewatch.time_limit import TimeLimit
from checks.engine.causes import assign_causes
from checks.engine.run import run_checks
from collectors.cloudwatch.declared_targets import declared_targets
from workflows.acknowledged import decide_as_acknowledged
from workflows.clients import AwsSessions, LiveClients
from workflows.drills import Drill, drill_if_due, remind_forgetful
from workflows.fingerprint_intervals import run_intervals
from workflows.history_remarks import NOTHING_RECORDED, no_earlier_run
from workflows.partial_runs import merge_partial, pair_of
from workflows.past_passes import past_passes
from workflows.picture import picture
from workflows.plan import Plan
from workflows.windows import EvaluationWindow, evaluation_window, repeated_window

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A run, and the metrics that were collected for it."""

    run: Run
    collected: CollectedMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Observed):
    """A pass whose run is recorded. `previous` are the earlier findings of the same expected checks.

    `picture` is what its notifications were decided on.
    """

    previous: tuple[Finding, ...]
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Recorded):
    """A pass whose notifications were sent or failed, one outcome for each.

    `unreminded` has a line for each channel that forgets open alerts, and did not accept them again.
    """

    delivery: Delivery
    unreminded: tuple[str, ...] = ()


def run_pass(
    plan: Plan,
    sessions: AwsSessions,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    retry_policy: DeliveryRetryPolicy | None = None,
) -> Delivered:
    """One scheduled pass. The run and its pending notifications are recorded in one transaction, then delivered."""
    end = clock() + plan.config.run.deadline
    observed = observe_since_last(plan, sessions, history, clock)
    opened = tuple(notifiers)
    recorded = record_run(plan, observed, history, opened)
    policy = retry_policy or last_chance_policy(end - clock())
    return deliver_recorded(plan, recorded, history, opened, clock, retry_policy=policy)


def observe_since_last(plan: Plan, sessions: AwsSessions, history: History, clock: Clock) -> Observed:
    """Observes the time since the last full pass.

    A partial plan is observed at this moment only, or, with metrics, over the window of the last full pass.
    """
    at = clock()
    if plan.scope and plan.collectors:
        window = repeated_window(plan, history.last_run(), at)
    elif plan.scope:
        window = EvaluationWindow(window=Window(start=at, end=at), warm_up=timedelta())
    else:
        window = evaluation_window(plan, history.last_run(), history.current_findings(), at)
    past = past_passes(plan, history, at)
    return _observe(plan, sessions, window, clock, past)


def observe_plan(
    plan: Plan, sessions: AwsSessions, window: Window, clock: Clock, past: PastPasses | None = None
) -> Observed:
    """Observes the plan over `window`, independent of any earlier run; checks of the history judge `past`."""
    return _observe(plan, sessions, EvaluationWindow(window=window, warm_up=plan.warm_up), clock, past)


def _observe(
    plan: Plan,
    sessions: AwsSessions,
    evaluated: EvaluationWindow,
    clock: Clock,
    past: PastPasses | None = None,
) -> Observed:
    """Collects the metrics and runs the checks. Verdicts are as of the window's end; nothing is recorded or sent."""
    window, limit = evaluated.window, TimeLimit.after(plan.deadlines.total.total_seconds())
    started, name = clock(), f"{window.end:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
    sessions.drop_failed_sessions()
    targets, gaps = declared_targets(plan.collectors, plan.measured_components, sessions.location)
    # Half of the time is left for what is not a metric, however long CloudWatch takes.
    collected = evaluated.collect(
        targets, gaps, plan.warm_ups, sessions.metric_source, plan.past_needs, limit=limit.part(0.5)
    )
    clients = LiveClients(sessions, collected, name, plan.unchecked, past, answers=SharedAnswers())
    checked = run_checks(plan.checks, clients, plan.deadlines, window.end, clock, source_of=plan.source_of, limit=limit)
    run = Run(
        id=name,
        started=started,
        finished=clock(),
        window=window,
        version=__version__,
        config_digest=plan.digest,
        commit=plan.commit,
        expected=plan.expected,
        components={p.component.ref: p.component.model_dump(mode="json") for p in plan.checks},
        findings=checked.findings,
        evidence=checked.evidence,
        series=collected.series,
        scope=plan.scope,
    )
    return Observed(run=run, collected=collected)


def record_run(
    plan: Plan,
    observed: Observed,
    history: History,
    notifiers: Iterable[Notifier] = (),
    *,
    only_changes: bool = False,
) -> Recorded:
    """Records the run and its pending notifications in one transaction. The notifiers say what is acknowledged.

    With `only_changes`, a run without a notification and without a changed status is not recorded. The findings of
    partial runs that were made during this pass are newer, so they replace those of this run.
    """
    run, current = observed.run, history.current_findings()
    other: tuple[Finding, ...] = ()
    if run.scope:
        other = tuple(finding for finding in current if pair_of(finding) not in run.expected)
        current = tuple(finding for finding in current if pair_of(finding) in run.expected)
    else:
        # One that began after this pass has ended is older in truth: the clock was set back since.
        during = (each for each in history.partial_runs(run.started) if each.started <= run.finished)
        run = reduce(merge_partial, during, run)
    # The cause of a partial run's finding may be a current finding that this run did not judge.
    # Only the components that the run records, so that whoever judges it again finds the same causes.
    components = {component.ref: component for component in plan.config.components if component.ref in run.components}
    checks = (planned.check for planned in plan.checks)
    run = replace(run, findings=assign_causes(run.findings, checks, other, components))
    run = replace(
        run,
        transitions=transitions(history.latest_findings(), run),
        intervals=run_intervals(run, history.catalog_intervals()),
    )
    known = history.alert_state()
    first = not run.scope and history.status.up and history.last_run() is None
    if first:
        run = replace(run, notes=(*run.notes, no_earlier_run(history)))
    shown = replace(picture(plan, run, other), continuous=known.continuous, note=NOTHING_RECORDED if first else "")
    decided = decide_as_acknowledged(plan, known, shown, history, notifiers)
    if not only_changes or decided.notifications or _statuses(current) != _statuses(run.findings):
        messages = bundled(decided.notifications, plan.config.alerts.channels)
        run = history.record(run, messages, decided.conditions)
    elif decided.conditions != known.conditions:
        history.remember((), decided.conditions)
    return Recorded(run=run, collected=observed.collected, previous=current, picture=shown)


def deliver_recorded(
    plan: Plan,
    recorded: Recorded,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    retry_policy: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
) -> Delivered:
    """Sends every pending notification of the history, those of this pass among them, and the drill if one is due."""
    opened = tuple(notifiers)
    delivery = deliver(history, opened, clock, retry_policy, channels=plan.config.alerts.channels)
    if not plan.scope:
        drill = Drill(config=plan.config, history=history, notifiers=opened, clock=clock, retry_policy=retry_policy)
        delivery = delivery.and_then(drill_if_due(drill))
    return Delivered(
        run=recorded.run,
        collected=recorded.collected,
        previous=recorded.previous,
        picture=recorded.picture,
        delivery=delivery,
        unreminded=remind_forgetful(history, opened),
    )


def _statuses(findings: Iterable[Finding]) -> frozenset[tuple[str, str]]:
    return frozenset((finding.key, finding.status.value) for finding in findings)


def transitions(previous: Mapping[str, Finding], run: Run) -> tuple[Transition, ...]:
    """One transition for each finding whose status changed. A finding that is new has no previous status."""
    before = {key: finding.status for key, finding in previous.items()}
    return tuple(
        Transition(finding=finding, previous=before.get(finding.key), at=run.finished)
        for finding in run.findings
        if before.get(finding.key) is not finding.status
    )
