"""One pass, end to end: look, judge, record, tell people, write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from alerts import DEFAULT_PATIENCE, Delivery, Patience, decide, deliver
from basewatch import __version__
from basewatch.history.store import History
from basewatch.metrics import Collected
from basewatch.model import Finding, Run, Transition, Window
from basewatch.notifier import Notifier
from checks.runner import run_checks
from collectors.cloudwatch.collect import collect
from workflows.live import LiveClients, Sessions
from workflows.plan import Plan
from workflows.screen import unchecked_text

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A run, and the metrics that were collected for it."""

    run: Run
    collected: Collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Looked):
    """A pass that went through: its run as recorded, what the run before it found, and what became of its messages."""

    previous: tuple[Finding, ...]
    delivery: Delivery


def look(plan: Plan, sessions: Sessions, window: Window, clock: Clock) -> Looked:
    """A run of the plan over `window`: everything observed, and judged as of its end; nothing recorded or told."""
    started, name = clock(), f"{window.end:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
    sessions.begin_pass()
    collected = collect(plan.collectors, plan.config.components, window, sessions.of)
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
        notes=unchecked_text(plan.unchecked),
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
    last = history.last()
    previous = history.run(last.id).findings if last else ()
    looked = look(plan, sessions, plan.window(last.window_end if last else None, clock()), clock)
    run = replace(looked.run, transitions=transitions(history.previous_findings(), looked.run))
    owed = decide(history.open_alerts(), run, plan.config.alerts, plan.config.platform, run.finished)
    run = history.record(run, owed)
    delivery = deliver(history, notifiers, clock, patience)
    return Passed(run=run, collected=looked.collected, previous=previous, delivery=delivery)


def transitions(previous: Mapping[str, Finding], run: Run) -> tuple[Transition, ...]:
    """Every finding of the run whose status is not what it last was; one never seen before has no previous status."""
    before = {key: finding.status for key, finding in previous.items()}
    return tuple(
        Transition(finding=finding, previous=before.get(finding.key), at=run.finished)
        for finding in run.findings
        if before.get(finding.key) is not finding.status
    )
