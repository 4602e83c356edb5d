"""What a run adds to what is known of a catalogue's intervals: when it was proven, and when last searched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import Finding, Proof, Run, Status
from reports.isolation import isolation_summaries

CATALOG_CHECK_PREFIXES = ("tenancy.", "audit.")
"""How the ids of checks begin that a change of the catalogue concerns."""


def fingerprint_in(run: Run, component: str) -> str:
    """The fingerprint of the catalogue that a run's evidence of this component was read from; empty when none says."""
    for evidence in run.evidence:
        server = evidence.facts.get("server") if isinstance(evidence.facts, dict) else None
        found = server.get("fingerprint") if isinstance(server, dict) else None
        if evidence.component == component and isinstance(found, str) and found:
            return found
    return ""


def has_verdict(run: Run, component: str, *, static: bool) -> bool:
    """Whether a run got any answer of this component's static proof, or of the probes that search counterexamples."""
    return any(
        (finding.proof is Proof.CONFIGURATION) is static and finding.status is not Status.UNVERIFIED
        for finding in _of(run.findings, component)
    )


def with_run(interval: CatalogInterval, run: Run) -> CatalogInterval:
    """The interval with what the run proved of that very catalogue, and with the search that it made."""
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
    """How the catalogues that a run looked at stood since its window began; of each the last two at least."""
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


def _of(findings: Iterable[Finding], component: str) -> Iterable[Finding]:
    return (f for f in findings if f.component == component and f.check.startswith(CATALOG_CHECK_PREFIXES))
