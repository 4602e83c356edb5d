"""Tenant isolation in a run: what was proven, and for which time. reports/threats.py has the assumptions and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import Finding, Proof, Run, Severity, Status
from reports.text import minute_text

_GATES = re.compile(r"\b(\d+) gates?\b")
_FINGERPRINT_DIGITS = 12
_CHECKS = "tenancy."


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationSummary:
    """The tenancy checks of one database: verdicts of the static proof and of the searches, and the watch intervals.

    `gates` is the number of proven gates according to the passing checks; 0 if they do not say it. Intervals are
    oldest first.
    """

    component: str
    gates: int
    proofs: int
    unproven: int
    searches: int
    searches_not_passing: int
    intervals: tuple[CatalogInterval, ...]

    @property
    def proven(self) -> bool:
        """Whether the static proof was made and every verdict of it holds."""
        return self.proofs > 0 and not self.unproven

    @property
    def sentences(self) -> tuple[str, ...]:
        """The isolation statement, one sentence for each fact."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        proven = f"{self.gates} gates" if self.gates else f"{self.proofs} verdicts of the static proof"
        if not self.proven:
            of = f"{self.unproven} of {self.proofs + self.unproven}"
            yield f"Not proven: {of} verdicts of the static proof do not hold."
        elif not self.intervals:
            yield f"{proven} proven at the time of this run only: the catalogue is not watched between runs."
        elif self.intervals[-1].proved_at is None:
            yield f"{proven} proven at the time of this run; the watch has no proof of this catalogue yet."
        else:
            yield f"{proven} proven for {_interval_text(self.intervals[-1])}"
        if not self.proven and self.intervals:
            yield f"The catalogue was watched: {_interval_text(self.intervals[-1])}"
        for before, after in zip(self.intervals, self.intervals[1:], strict=False):
            yield _change_text(before, after)
        if self.intervals and (at := self.intervals[-1].searched_at):
            yield f"The last search for counterexamples was at {minute_text(at)}."
        if self.searches_not_passing:
            yield f"{self.searches_not_passing} of {self.searches} searches found a counterexample or could not run."


def isolation_summaries(run: Run) -> tuple[IsolationSummary, ...]:
    """The summary of every database with expected tenancy checks."""
    components = dict.fromkeys(pair.component for pair in run.expected if pair.check.startswith(_CHECKS))
    return tuple(_summary(run, component) for component in components)


def _summary(run: Run, component: str) -> IsolationSummary:
    mine = [f for f in run.findings if f.component == component and f.check.startswith(_CHECKS)]
    static = [f for f in mine if f.proof is Proof.CONFIGURATION]
    searches = [f for f in mine if f.proof is not Proof.CONFIGURATION]
    proofs = [f for f in static if _keeps_proof(f)]
    return IsolationSummary(
        component=component,
        gates=sum(int(count) for f in proofs for count in _GATES.findall(f.observed)[:1]),
        proofs=len(proofs),
        unproven=len(static) - len(proofs),
        searches=len(searches),
        searches_not_passing=sum(not _holds(f) for f in searches),
        intervals=tuple(each for each in run.intervals if each.component == component),
    )


def _holds(finding: Finding) -> bool:
    return finding.status in {Status.PASS, Status.NOT_APPLICABLE}


def _keeps_proof(finding: Finding) -> bool:
    """Whether the proof still holds: a FAIL below HIGH exposes no tenant rows, and is a finding of its own."""
    minor = finding.status is Status.FAIL and finding.severity.rank < Severity.HIGH.rank
    return _holds(finding) or minor


def _interval_text(interval: CatalogInterval) -> str:
    polls = f"{interval.polls:,} {'poll' if interval.polls == 1 else 'polls'}"
    gap = f", at most {interval.longest_gap.total_seconds():,.1f} s apart" if interval.polls > 1 else ""
    span = f"from {minute_text(interval.first_seen)} to {minute_text(interval.last_seen)}"
    return f"fingerprint {interval.fingerprint[:_FINGERPRINT_DIGITS]} {span}, with {polls}{gap}."


def _change_text(before: CatalogInterval, after: CatalogInterval) -> str:
    proof = (
        f"it was proven again at {minute_text(after.proved_at)}" if after.proved_at else "it has not been proven since"
    )
    old, new = (each.fingerprint[:_FINGERPRINT_DIGITS] for each in (before, after))
    between = f"between {minute_text(before.last_seen)} and {minute_text(after.first_seen)}"
    return f"The catalogue changed {between}, from {old} to {new}; {proof}."
