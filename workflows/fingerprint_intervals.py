"""Adds to the intervals of a catalogue fingerprint when a run proved it, and when it was last searched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import Finding, Proof, Run, Status
from reports.isolation import isolation_summaries

CATALOG_CHECK_PREFIXES = ("tenancy.", "audit.")
"""Prefixes of the ids of checks that depend on the catalogue."""


def fingerprint_in(run: Run, component: str) -> str:
    """The catalogue fingerprint in the run's evidence for a component; empty when the evidence has none."""
    for evidence in run.evidence:
        server = evidence.facts.get("server") if isinstance(evidence.facts, dict) else None
        found = server.get("fingerprint") if isinstance(server, dict) else None
        if evidence.component == component and isinstance(found, str) and found:
            return found
    return ""


def has_verdict(run: Run, component: str, *, static: bool) -> bool:
    """Whether the static proof (the probes, if not `static`) of a component has a verdict that is not UNVERIFIED."""
    return any(
        (finding.proof is Proof.CONFIGURATION) is static and finding.status is not Status.UNVERIFIED
        for finding in _of_component(run.findings, component)
    )


def with_run(interval: CatalogInterval, run: Run) -> CatalogInterval:
    """The interval with the times of the run's proof and search. A proof of another fingerprint does not count."""
    proven = fingerprint_in(run, interval.component) == interval.fingerprint and any(
        each.component == interval.component and each.proven for each in isolation_summaries(run)
    )
    searched = has_verdict(run, interval.component, static=False)
    return replace(
        interval,
        proved_at=interval.proved_at or (run.finished if proven else None),
        searched_at=run.finished if searched else interval.searched_at,
    )


def run_intervals(run: Run, known: Iterable[CatalogInterval]) -> tuple[CatalogInterval, ...]:
    """The intervals of the catalogues that the run judged, since its window began; at least the last two of each."""
    expected = {pair.component for pair in run.expected}
    by_component: dict[str, list[CatalogInterval]] = {}
    for interval in known:
        if interval.component in expected:
            by_component.setdefault(interval.component, []).append(interval)
    return tuple(
        with_run(interval, run) if interval is intervals[-1] else interval
        for intervals in by_component.values()
        for interval in intervals
        if interval.last_seen >= run.window.start or interval in intervals[-2:]
    )


def _of_component(findings: Iterable[Finding], component: str) -> Iterable[Finding]:
    return (f for f in findings if f.component == component and f.check.startswith(CATALOG_CHECK_PREFIXES))
