"""One pass, end to end: look, judge, record, tell people, write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from uuid import uuid4

from alerts import DEFAULT_DELIVERY_RETRY_POLICY, Delivery, DeliveryRetryPolicy, decide, deliver
from basewatch import __version__
from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import ExpectedCheck, Finding, Run, Transition, Window
from basewatch.notifier import Notifier
from checks.engine.causes import assign_causes
from checks.engine.run import run_checks
from collectors.cloudwatch.declared_targets import declared_targets
from workflows.clients import AwsSessions, LiveClients
from workflows.fingerprint_intervals import run_intervals
from workflows.plan import Plan
from workflows.terminal import unchecked_text
from workflows.windows import EvaluationWindow, evaluation_window

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A run, and the metrics that were collected for it."""

    run: Run
    collected: CollectedMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Observed):
    """A pass whose run is recorded, and what stood before it of the pairs that it looked at."""

    previous: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Recorded):
    """A pass that went through, and what became of its messages."""

    delivery: Delivery


def observe_plan(plan: Plan, sessions: AwsSessions, window: Window, clock: Clock) -> Observed:
    """A run of the plan over `window`, as if none had been before."""
    return observe_window(plan, sessions, EvaluationWindow(window=window, warm_up=plan.warm_up), clock)


def observe_window(plan: Plan, sessions: AwsSessions, span: EvaluationWindow, clock: Clock) -> Observed:
    """A run of the plan over a span: everything observed, and judged as of its end; nothing recorded or told."""
    window = span.window
    started, name = clock(), f"{window.end:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
    sessions.drop_failed_sessions()
    targets, gaps = declared_targets(plan.collectors, plan.config.components, sessions.location)
    collected = span.collect(targets, gaps, plan.warm_ups, sessions.metric_source)
    clients = LiveClients(sessions, collected, name)
    checked = run_checks(plan.checks, clients, plan.deadlines, window.end, clock)
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
        notes=() if plan.scope else unchecked_text(plan.unchecked),
        scope=plan.scope,
    )
    return Observed(run=run, collected=collected)


def run_pass(
    plan: Plan,
    sessions: AwsSessions,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    retry_policy: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
) -> Delivered:
    """One scheduled pass: what it owes people is recorded with it, in one transaction, and only then delivered."""
    settled = record_run(plan, observe_since_last(plan, sessions, history, clock), history)
    return deliver_recorded(settled, history, notifiers, clock, patience=retry_policy)


def observe_since_last(plan: Plan, sessions: AwsSessions, history: History, clock: Clock) -> Observed:
    """A look at all that happened since the last pass over everything; at this moment, where the plan is a part."""
    at = clock()
    if plan.scope:
        span = EvaluationWindow(window=Window(start=at, end=at), warm_up=timedelta())
    else:
        span = evaluation_window(plan, history.last_run(), history.current_findings(), at)
    return observe_window(plan, sessions, span, clock)


def record_run(plan: Plan, observed: Observed, history: History, *, only_changes: bool = False) -> Recorded:
    """The run as recorded, with what it owes people; with `only_changes`, one that says nothing new is not recorded.

    What a partial run saw while this one was looking is newer, and stands in its place.
    """
    run, standing = observed.run, history.current_findings()
    if run.scope:
        beside = tuple(finding for finding in standing if pair_of(finding) not in run.expected)
        standing = tuple(finding for finding in standing if pair_of(finding) in run.expected)
    else:
        beside = ()
        run = reduce(merge_partial, history.partial_runs(run.started), run)
    # What a part saw has its cause in what stands beside it; what was seen later may have another one.
    run = replace(run, findings=assign_causes(run.findings, (planned.check for planned in plan.checks), beside))
    run = replace(
        run,
        transitions=transitions(history.latest_findings(), run),
        intervals=run_intervals(run, history.catalog_intervals()),
    )
    owed = decide(history.open_alerts(), run, plan.config.alerts, plan.config.platform, run.finished)
    if not only_changes or owed or _said(standing) != _said(run.findings):
        run = history.record(run, owed)
    return Recorded(run=run, collected=observed.collected, previous=standing)


def deliver_recorded(
    recorded: Recorded,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    patience: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
) -> Delivered:
    """A settled pass, once its channels were told what is owed."""
    delivery = deliver(history, notifiers, clock, patience)
    return Delivered(run=recorded.run, collected=recorded.collected, previous=recorded.previous, delivery=delivery)


def merge_partial(run: Run, later: Run) -> Run:
    """A run with what a later one found of the pairs that both looked at, and the evidence for it."""
    seen = set(later.expected)
    newer = (finding for finding in later.findings if pair_of(finding) in run.expected)
    kept = (finding for finding in run.findings if pair_of(finding) not in seen)
    findings = tuple(sorted((*kept, *newer), key=lambda f: (f.check, f.component, f.subject)))
    rests_on = {finding.evidence for finding in findings}
    evidence = {each.digest: each for each in (*run.evidence, *later.evidence) if each.digest in rests_on}
    return replace(run, findings=findings, evidence=tuple(evidence.values()))


def pair_of(finding: Finding) -> ExpectedCheck:
    """The pair that a finding is a verdict of."""
    return ExpectedCheck(check=finding.check, component=finding.component)


def _said(findings: Iterable[Finding]) -> frozenset[tuple[str, str]]:
    return frozenset((finding.key, finding.status.value) for finding in findings)


def transitions(previous: Mapping[str, Finding], run: Run) -> tuple[Transition, ...]:
    """Every finding of the run whose status is not what it last was; one never seen before has no previous status."""
    before = {key: finding.status for key, finding in previous.items()}
    return tuple(
        Transition(finding=finding, previous=before.get(finding.key), at=run.finished)
        for finding in run.findings
        if before.get(finding.key) is not finding.status
    )
