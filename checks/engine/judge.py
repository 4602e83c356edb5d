"""Turns the outcome of an observation into findings. It is pure, so the same code re-judges stored evidence."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from pydantic import ValidationError

from basewatch.affected import ABSENT, with_affected
from basewatch.check import AbsentComponent, AnyCheck, Outcome, Unobserved
from basewatch.components import COMPONENT_TYPES, Component
from basewatch.errors import BasewatchError, ObservationError
from basewatch.facts import from_json
from basewatch.model import Evidence, Finding, Reason, Run, Severity, Status, Verdict, failed, unverified
from checks.engine.causes import assign_causes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """One expected pair of a check and a component; `severity` is the configured one, if there is any."""

    check: AnyCheck
    component: Component
    severity: Severity | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The id of the check and the ref of the component."""
        return self.check.id, self.component.ref


def judge_outcome(planned: PlannedCheck, outcome: Outcome, now: datetime) -> tuple[Finding, ...]:
    """The findings of one pair, at least one, sorted by subject; the facts are parsed from the evidence."""
    digest = outcome.digest if isinstance(outcome, Evidence) else ""
    findings = (_finding(planned, verdict, digest, now) for verdict in _verdicts(planned, outcome, now))
    return tuple(sorted(findings, key=lambda finding: finding.subject))


def _verdicts(planned: PlannedCheck, outcome: Outcome, now: datetime) -> tuple[Verdict, ...]:
    match outcome:
        case Evidence():
            return _judge_evidence(planned, outcome, now)
        case AbsentComponent(detail=detail, declared=declared):
            what = declared or planned.component.ref
            verdict = failed(f"{what} is declared but does not exist: {detail}", observed="absent", expected="present")
            return (with_affected(verdict, [(ABSENT, what)]),)
        case Unobserved() as unseen:
            return (_unverified(unseen),)
        case _:
            assert_never(outcome)


def _unverified(unseen: Unobserved | ObservationError) -> Verdict:
    verdict = unverified(unseen.reason, unseen.detail, remedy=unseen.remedy)
    return replace(verdict, source=unseen.source, action=unseen.action)


def _judge_evidence(planned: PlannedCheck, evidence: Evidence, now: datetime) -> tuple[Verdict, ...]:
    try:
        facts = _facts(planned.check, evidence)
        verdicts = tuple(planned.check.judge(facts, planned.component, now))
    except ObservationError as error:
        return (_unverified(error),)
    except Exception:  # the boundary around one check on one component: a crash gives a verdict and ends no run
        logger.exception("check %s crashed while judging %s", planned.check.id, planned.component.ref)
        return (_bug("the check crashed while judging; the traceback is in the log"),)
    duplicates = [subject for subject, count in Counter(v.subject for v in verdicts).items() if count > 1]
    if duplicates:
        return (_bug(f"the check returned two verdicts on {duplicates[0] or 'the component'}"),)
    return verdicts or (_bug("the check returned no verdict"),)


# A cache, because many checks share one observation and its facts can be large. It compares by identity, so that the
# facts of an altered record are parsed again.
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


def _finding(planned: PlannedCheck, verdict: Verdict, digest: str, now: datetime) -> Finding:
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
        source=verdict.source,
        action=verdict.action,
        # The clocks of AWS and of a database may be ahead of this one.
        since=min(verdict.since, now) if verdict.since else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictDifference:
    """A finding that differs from its evidence: `recorded` and `rejudged` are None where there is no such finding."""

    finding: Finding
    recorded: Finding | None
    rejudged: Finding | None


def rejudge(run: Run, checks: Iterable[AnyCheck]) -> tuple[VerdictDifference, ...]:
    """Every difference between the recorded findings with evidence and the verdicts on the same evidence now.

    Only the given checks are judged. It needs no access to AWS or to the database.
    Raises: BasewatchError, when another version recorded components that this version does not know.
    """
    known = {check.id: check for check in checks}
    evidence = {item.digest: item for item in run.evidence}
    recorded = {f.key: f for f in run.findings if f.evidence in evidence and f.check in known}
    rejudged = _with_causes(run, known, recorded, tuple(_rejudged(run, known, evidence, recorded)))
    return tuple(
        VerdictDifference(finding=finding, recorded=recorded.get(key), rejudged=rejudged.get(key))
        for key, finding in sorted((recorded | rejudged).items())
        if recorded.get(key) != rejudged.get(key)
    )


def _rejudged(
    run: Run, known: dict[str, AnyCheck], evidence: dict[str, Evidence], recorded: dict[str, Finding]
) -> Iterator[Finding]:
    pairs = {(f.check, f.component): f for f in recorded.values()}
    for (check, component), finding in pairs.items():
        planned = PlannedCheck(check=known[check], component=_component(run, component))
        for rejudged in judge_outcome(planned, evidence[finding.evidence], run.window.end):
            before = recorded.get(rejudged.key)
            if before is None:
                yield rejudged
                continue
            # The severity can come from the configuration of that run, so the recorded one is kept. Runs of earlier
            # versions have no `since`.
            since = rejudged.since if before.since else None
            yield replace(rejudged, severity=before.severity, since=since)


def _with_causes(
    run: Run, known: dict[str, AnyCheck], recorded: dict[str, Finding], rejudged: tuple[Finding, ...]
) -> dict[str, Finding]:
    """The findings with causes; a cause outside a partial run is kept as it was recorded."""
    in_run = {finding.key for finding in run.findings}
    others = (finding for finding in run.findings if finding.key not in recorded)
    found = {finding.key: finding for finding in assign_causes(rejudged, known.values(), others, _components(run))}
    external = {key: f.cause for key, f in recorded.items() if run.scope and f.cause and f.cause not in in_run}
    return {key: replace(f, cause=external.get(key, f.cause)) for key, f in found.items()}


def _components(run: Run) -> Mapping[str, Component]:
    """The recorded components that this version knows."""
    found = dict[str, Component]()
    for ref in run.components:
        with suppress(BasewatchError):
            found[ref] = _component(run, ref)
    return found


def _component(run: Run, ref: str) -> Component:
    kinds = {kind.kind: kind for kind in COMPONENT_TYPES}
    try:
        return kinds[ref.partition("/")[0]].model_validate(run.components[ref])
    except (KeyError, ValidationError) as error:
        raise BasewatchError(
            f"the run {run.id} cannot be judged again: Basewatch {run.version} recorded {ref} with settings that this "
            "version does not know; use the version that recorded it"
        ) from error
