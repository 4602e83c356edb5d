"""Judges a recorded run again from its evidence alone, and says where the verdicts differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from basewatch.check import AnyCheck
from basewatch.components import KINDS, Component
from basewatch.model import Evidence, Finding, Run
from checks.causes import explained
from checks.judging import Planned, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A finding (`of`) that is not what its evidence says: as recorded and as judged again, None for neither."""

    of: Finding
    recorded: Finding | None
    judged: Finding | None


def rejudge(run: Run, checks: Iterable[AnyCheck]) -> tuple[Difference, ...]:
    """Every difference between the run's findings that rest on evidence and a fresh judgement of that evidence.

    Only checks that are known here are judged; it needs no access to AWS or to the database.
    """
    known = {check.id: check for check in checks}
    evidence = {item.digest: item for item in run.evidence}
    recorded = {f.key: f for f in run.findings if f.evidence in evidence and f.check in known}
    judged = _caused(run, known, recorded, tuple(_judged(run, known, evidence, recorded)))
    return tuple(
        Difference(of=finding, recorded=recorded.get(key), judged=judged.get(key))
        for key, finding in sorted((recorded | judged).items())
        if recorded.get(key) != judged.get(key)
    )


def _judged(
    run: Run, known: dict[str, AnyCheck], evidence: dict[str, Evidence], recorded: dict[str, Finding]
) -> Iterator[Finding]:
    pairs = {(f.check, f.component): f for f in recorded.values()}
    for (check, component), finding in pairs.items():
        planned = Planned(check=known[check], component=_component(run, component))
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
    found = {finding.key: finding for finding in explained(judged, known.values(), others)}
    elsewhere = {key: f.cause for key, f in recorded.items() if run.scope and f.cause and f.cause not in within}
    return {key: replace(f, cause=elsewhere.get(key, f.cause)) for key, f in found.items()}


def _component(run: Run, ref: str) -> Component:
    kinds = {kind.kind: kind for kind in KINDS}
    return kinds[ref.partition("/")[0]].model_validate(run.components[ref])
