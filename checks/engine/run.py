"""Plans the checks of a configuration and runs them: every planned pair gets a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import cast

from basewatch.check import AnyCheck
from basewatch.clients import ClientFactory, K, PassFindings, PlanClient, is_selected
from basewatch.components import Component
from basewatch.config import CheckSettings
from basewatch.model import Evidence, Finding
from basewatch.time_limit import TimeLimit
from checks.engine.causes import assign_causes
from checks.engine.judge import PlannedCheck, judge_outcome
from checks.engine.observe import Deadlines, Outcomes, PlannedObservation, SourceOf, observe_all


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResults:
    """The findings of a run of checks, in a stable order, and the evidence behind them."""

    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]


def plan_checks(
    checks: Iterable[AnyCheck],
    components: Iterable[Component],
    settings: dict[str, CheckSettings],
    *,
    only: str = "*",
    component: str = "*",
) -> tuple[PlannedCheck, ...]:
    """Every pair of a check and a component that must get a verdict, known before the first observation.

    The checks of the plan itself are for the components with a promise that no other enabled check judges.
    `only` is a glob over check ids, `component` a glob over the names and refs of components. A check that is about
    the findings of others brings these along.
    """
    default = CheckSettings()
    declared, enabled = tuple(components), enabled_checks(checks, settings)
    unjudged = {ref for ref, _ in unjudged_promises(enabled, declared)}
    pairs = [
        PlannedCheck(check=check, component=each, severity=settings.get(check.id, default).severity)
        for check in enabled
        for each in declared
        if _judges(check, each) and (check.client_type is not PlanClient or each.ref in unjudged)
    ]
    asked = {
        pair.key
        for pair in pairs
        if fnmatchcase(pair.check.id, only)
        if fnmatchcase(pair.component.name, component) or fnmatchcase(pair.component.ref, component)
    }
    about = [p.component for p in pairs if p.key in asked and p.check.client_type is PassFindings]
    selectors = {selector for each in about for selector in each.selectors}
    return tuple(
        pair
        for pair in pairs
        if pair.key in asked or any(is_selected(each, pair.check.id, pair.component.ref) for each in selectors)
    )


def enabled_checks(checks: Iterable[AnyCheck], settings: dict[str, CheckSettings]) -> tuple[AnyCheck, ...]:
    """The checks that the configuration does not disable."""
    return tuple(check for check in checks if settings.get(check.id, CheckSettings()).enabled)


def unjudged_promises(checks: Iterable[AnyCheck], components: Iterable[Component]) -> tuple[tuple[str, str], ...]:
    """Every declared promise that none of the checks judges, as the ref of the component and the path."""
    known = tuple(checks)
    return tuple(
        (each.ref, promise)
        for each in components
        for judged in ({promise for check in known if _judges(check, each) for promise in check.promises},)
        for promise in each.promises
        if each.has_promise(promise) and promise not in judged
    )


def _judges(check: AnyCheck, component: Component) -> bool:
    return isinstance(component, check.component) and check.applies_to(component)


def run_checks(
    plan: Sequence[PlannedCheck],
    clients: ClientFactory,
    deadlines: Deadlines,
    now: datetime,
    clock: Callable[[], datetime],
    *,
    source_of: SourceOf = lambda _observation: "",
    limit: TimeLimit | None = None,
) -> CheckResults:
    """Makes each observation of the plan once, judges every pair as of `now`, and assigns causes.

    Checks that ask for the findings of the pass are judged after all others.

    `limit` is the end of the run, if it began earlier.
    """
    first = tuple(planned for planned in plan if planned.check.client_type is not PassFindings)

    def observed(part: Sequence[PlannedCheck], given: ClientFactory) -> Outcomes:
        observations = {each.key: each for each in map(_observation, part)}
        return observe_all(tuple(observations.values()), given, deadlines, clock, source_of=source_of, limit=limit)

    outcomes = dict(observed(first, clients))
    findings = list(_judged(first, outcomes, now))
    if last := tuple(planned for planned in plan if planned.check.client_type is PassFindings):
        given = _Given(PassFindings(findings=tuple(findings), components={p.component.ref: p.component for p in plan}))
        outcomes |= observed(last, given)
        findings += _judged(last, outcomes, now)
    ordered = sorted(findings, key=lambda f: (f.check, f.component, f.subject))
    return CheckResults(
        findings=assign_causes(
            ordered,
            (planned.check for planned in plan),
            components={planned.component.ref: planned.component for planned in plan},
        ),
        evidence=tuple(outcome for outcome in outcomes.values() if isinstance(outcome, Evidence)),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Gives the findings of the pass to the checks that are judged last."""

    client: PassFindings

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        del client_type, component
        return cast("AbstractContextManager[K]", nullcontext(self.client))


def _observation(planned: PlannedCheck) -> PlannedObservation:
    return PlannedObservation(check=planned.check, component=planned.component)


def _judged(plan: Sequence[PlannedCheck], outcomes: Outcomes, now: datetime) -> Iterator[Finding]:
    for planned in plan:
        yield from judge_outcome(planned, outcomes[planned.check.observation_name, planned.component.ref], now)
