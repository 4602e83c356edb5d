"""From an observation's outcome to findings: pure, so that stored evidence is judged again by the same code."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from basewatch.check import AbsentComponent, AnyCheck, Outcome, Unobserved
from basewatch.components import COMPONENT_TYPES, Component
from basewatch.facts import from_json
from basewatch.model import Evidence, Finding, Reason, Run, Severity, Status, Verdict, failed, unverified
from checks.engine.causes import assign_causes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """One expected pair: this check on this component, at the severity the configuration gives it, if any."""

    check: AnyCheck
    component: Component
    severity: Severity | None = None


def judge(planned: PlannedCheck, outcome: Outcome, now: datetime) -> tuple[Finding, ...]:
    """Every finding of one pair, at least one, in order of subject; facts are read back from the evidence alone."""
    digest = outcome.digest if isinstance(outcome, Evidence) else ""
    findings = (_finding(planned, verdict, digest) for verdict in _verdicts(planned, outcome, now))
    return tuple(sorted(findings, key=lambda finding: finding.subject))


def _verdicts(planned: PlannedCheck, outcome: Outcome, now: datetime) -> tuple[Verdict, ...]:
    match outcome:
        case Evidence():
            return _judge_evidence(planned, outcome, now)
        case AbsentComponent(detail=detail):
            summary = f"{planned.component.ref} is declared but does not exist: {detail}"
            return (failed(summary, observed="absent", expected="present"),)
        case Unobserved(reason=reason, detail=detail, remedy=remedy):
            return (unverified(reason, detail, remedy=remedy),)


def _judge_evidence(planned: PlannedCheck, evidence: Evidence, now: datetime) -> tuple[Verdict, ...]:
    try:
        facts = _facts(planned.check, evidence)
        verdicts = tuple(planned.check.judge(facts, planned.component, now))
    except Exception:  # the boundary around one check on one component: a crash is a verdict, never an end
        logger.exception("check %s crashed while judging %s", planned.check.id, planned.component.ref)
        return (_bug("the check crashed while judging; the traceback is in the log"),)
    doubled = [subject for subject, count in Counter(v.subject for v in verdicts).items() if count > 1]
    if doubled:
        return (_bug(f"the check judged {doubled[0] or 'the component'} twice"),)
    return verdicts or (_bug("the check gave no verdict"),)


# Many checks share one observation, and its facts may be large. By identity: what an altered record says is read anew.
_PARSED: deque[tuple[Evidence, type[Any], Any]] = deque(maxlen=4)


def _facts(check: AnyCheck, evidence: Evidence) -> Any:
    for parsed, kind, facts in tuple(_PARSED):
        if parsed is evidence and kind is check.facts_type:
            return facts
    facts = from_json(check.facts_type, evidence.facts)
    _PARSED.append((evidence, check.facts_type, facts))
    return facts


def _bug(summary: str) -> Verdict:
    return unverified(Reason.BUG, summary, remedy="Report it with the log of this run; other checks are not affected.")


def _finding(planned: PlannedCheck, verdict: Verdict, digest: str) -> Finding:
    remedy = verdict.remedy
    if not remedy and verdict.status is Status.FAIL:
        remedy = planned.check.doc_sections.get("Fix", "")
    return Finding(
        check=planned.check.id,
        component=planned.component.ref,
        subject=verdict.subject,
        status=verdict.status,
        severity=planned.severity or verdict.severity or planned.check.severity,
        proof=planned.check.proof,
        summary=verdict.summary,
        reason=verdict.reason,
        observed=verdict.observed,
        expected=verdict.expected,
        remedy=remedy,
        evidence=digest,
        affected=verdict.affected,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictDifference:
    """A finding (`of`) that is not what its evidence says: as recorded and as judged again, None for neither."""

    of: Finding
    recorded: Finding | None
    rejudged: Finding | None


def rejudge(run: Run, checks: Iterable[AnyCheck]) -> tuple[VerdictDifference, ...]:
    """Every difference between the run's findings that rest on evidence and a fresh judgement of that evidence.

    Only checks that are known here are judged; it needs no access to AWS or to the database.
    """
    known = {check.id: check for check in checks}
    evidence = {item.digest: item for item in run.evidence}
    recorded = {f.key: f for f in run.findings if f.evidence in evidence and f.check in known}
    judged = _caused(run, known, recorded, tuple(_judged(run, known, evidence, recorded)))
    return tuple(
        VerdictDifference(of=finding, recorded=recorded.get(key), rejudged=judged.get(key))
        for key, finding in sorted((recorded | judged).items())
        if recorded.get(key) != judged.get(key)
    )


def _judged(
    run: Run, known: dict[str, AnyCheck], evidence: dict[str, Evidence], recorded: dict[str, Finding]
) -> Iterator[Finding]:
    pairs = {(f.check, f.component): f for f in recorded.values()}
    for (check, component), finding in pairs.items():
        planned = PlannedCheck(check=known[check], component=_component(run, component))
        for again in judge(planned, evidence[finding.evidence], run.window.end):
            # How bad it is, the configuration of that run may have decided, not the judge.
            before = recorded.get(again.key)
            yield replace(again, severity=before.severity) if before else again


def _caused(
    run: Run, known: dict[str, AnyCheck], recorded: dict[str, Finding], judged: tuple[Finding, ...]
) -> dict[str, Finding]:
    """What was judged, with causes; one that a partial run did not look at itself is as it was recorded."""
    within = {finding.key for finding in run.findings}
    others = (finding for finding in run.findings if finding.key not in recorded)
    found = {finding.key: finding for finding in assign_causes(judged, known.values(), others)}
    elsewhere = {key: f.cause for key, f in recorded.items() if run.scope and f.cause and f.cause not in within}
    return {key: replace(f, cause=elsewhere.get(key, f.cause)) for key, f in found.items()}


def _component(run: Run, ref: str) -> Component:
    kinds = {kind.kind: kind for kind in COMPONENT_TYPES}
    return kinds[ref.partition("/")[0]].model_validate(run.components[ref])
