"""One pass, end to end: look, judge, record, tell people, write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from uuid import uuid4

from alerts import DEFAULT_PATIENCE, Delivery, Patience, decide, deliver
from basewatch import __version__
from basewatch.history.store import History
from basewatch.metrics import Collected
from basewatch.model import Finding, Pair, Run, Transition, Window
from basewatch.notifier import Notifier
from checks.engine.causes import explained
from checks.engine.run import run_checks
from collectors.cloudwatch.declared_targets import declared
from workflows.clients import LiveClients, Sessions
from workflows.intervals import watched
from workflows.plan import Plan
from workflows.terminal import unchecked_text
from workflows.windows import Span, span_since

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A run, and the metrics that were collected for it."""

    run: Run
    collected: Collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Looked):
    """A pass whose run is recorded, and what stood before it of the pairs that it looked at."""

    previous: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Settled):
    """A pass that went through, and what became of its messages."""

    delivery: Delivery


def look(plan: Plan, sessions: Sessions, window: Window, clock: Clock) -> Looked:
    """A run of the plan over `window`, as if none had been before."""
    return look_over(plan, sessions, Span(window=window, lead=plan.lead), clock)


def look_over(plan: Plan, sessions: Sessions, span: Span, clock: Clock) -> Looked:
    """A run of the plan over a span: everything observed, and judged as of its end; nothing recorded or told."""
    window = span.window
    started, name = clock(), f"{window.end:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
    sessions.begin_pass()
    targets, gaps = declared(plan.collectors, plan.config.components, sessions.place)
    collected = span.collect(targets, gaps, plan.leads, sessions.source)
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
    return Looked(run=run, collected=collected)


def run_pass(
    plan: Plan,
    sessions: Sessions,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    patience: Patience = DEFAULT_PATIENCE,
) -> Passed:
    """One scheduled pass: what it owes people is recorded with it, in one transaction, and only then delivered."""
    settled = settle(plan, look_since(plan, sessions, history, clock), history)
    return told(settled, history, notifiers, clock, patience=patience)


def look_since(plan: Plan, sessions: Sessions, history: History, clock: Clock) -> Looked:
    """A look at all that happened since the last pass over everything; at this moment, where the plan is a part."""
    at = clock()
    if plan.scope:
        span = Span(window=Window(start=at, end=at), lead=timedelta())
    else:
        span = span_since(plan, history.last(), history.standing(), at)
    return look_over(plan, sessions, span, clock)


def settle(plan: Plan, looked: Looked, history: History, *, only_news: bool = False) -> Settled:
    """The run as recorded, with what it owes people; with `only_news`, one that says nothing new is not recorded.

    What a partial run saw while this one was looking is newer, and stands in its place.
    """
    run, standing = looked.run, history.standing()
    if run.scope:
        beside = tuple(finding for finding in standing if pair_of(finding) not in run.expected)
        standing = tuple(finding for finding in standing if pair_of(finding) in run.expected)
    else:
        beside = ()
        run = reduce(updated, history.partial_runs(run.started), run)
    # What a part saw has its cause in what stands beside it; what was seen later may have another one.
    run = replace(run, findings=explained(run.findings, (planned.check for planned in plan.checks), beside))
    run = replace(
        run, transitions=transitions(history.previous_findings(), run), intervals=watched(run, history.intervals())
    )
    owed = decide(history.open_alerts(), run, plan.config.alerts, plan.config.platform, run.finished)
    if not only_news or owed or _said(standing) != _said(run.findings):
        run = history.record(run, owed)
    return Settled(run=run, collected=looked.collected, previous=standing)


def told(
    settled: Settled,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Clock,
    *,
    patience: Patience = DEFAULT_PATIENCE,
) -> Passed:
    """A settled pass, once its channels were told what is owed."""
    delivery = deliver(history, notifiers, clock, patience)
    return Passed(run=settled.run, collected=settled.collected, previous=settled.previous, delivery=delivery)


def updated(run: Run, later: Run) -> Run:
    """A run with what a later one found of the pairs that both looked at, and the evidence for it."""
    seen = set(later.expected)
    newer = (finding for finding in later.findings if pair_of(finding) in run.expected)
    kept = (finding for finding in run.findings if pair_of(finding) not in seen)
    findings = tuple(sorted((*kept, *newer), key=lambda f: (f.check, f.component, f.subject)))
    rests_on = {finding.evidence for finding in findings}
    evidence = {each.digest: each for each in (*run.evidence, *later.evidence) if each.digest in rests_on}
    return replace(run, findings=findings, evidence=tuple(evidence.values()))


def pair_of(finding: Finding) -> Pair:
    """The pair that a finding is a verdict of."""
    return Pair(check=finding.check, component=finding.component)


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
