"""What a run says of tenant isolation: what was proven, and for how long; what it means is in reports/threats.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import Finding, Proof, Run, Severity, Status
from reports.text import minute_text

_GATES = re.compile(r"\b(\d+) gates?\b")
_SHOWN = 12  # hex digits of a fingerprint that a sentence shows
_CHECKS = "tenancy."


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationSummary:
    """What one database's tenancy checks came to: counts of the static proof and of the searches, and its intervals.

    `gates` is how many were proven, as the passing proofs say it; 0 when they do not. Intervals are oldest first.
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
        """Whether the static proof was made, and holds as a whole."""
        return self.proofs > 0 and not self.unproven

    @property
    def sentences(self) -> tuple[str, ...]:
        """The interval statement, a sentence for each fact."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        what = f"{self.gates} gates" if self.gates else f"{self.proofs} verdicts of the static proof"
        if not self.proven:
            of = f"{self.unproven} of {self.proofs + self.unproven}"
            yield f"Not proven: {of} verdicts of the static proof do not hold."
        elif not self.intervals:
            yield f"{what} proven, at the moment of this run alone: the catalogue is not watched between runs."
        elif self.intervals[-1].proved_at is None:
            yield f"{what} proven at the moment of this run; the watch has seen no proof of this catalogue yet."
        else:
            yield f"{what} proven for {_reach(self.intervals[-1])}"
        if not self.proven and self.intervals:
            yield f"The catalogue was watched: {_reach(self.intervals[-1])}"
        for before, after in zip(self.intervals, self.intervals[1:], strict=False):
            yield _changed(before, after)
        if self.intervals and (at := self.intervals[-1].searched_at):
            yield f"Counterexamples were last searched at {minute_text(at)}."
        if self.searches_not_passing:
            yield f"{self.searches_not_passing} of {self.searches} searches found a way through, or could not be made."


def isolation_summaries(run: Run) -> tuple[IsolationSummary, ...]:
    """What a run says of every database whose tenants' isolation it looked at."""
    components = dict.fromkeys(pair.component for pair in run.expected if pair.check.startswith(_CHECKS))
    return tuple(_isolated(run, component) for component in components)


def _isolated(run: Run, component: str) -> IsolationSummary:
    mine = [f for f in run.findings if f.component == component and f.check.startswith(_CHECKS)]
    static = [f for f in mine if f.proof is Proof.CONFIGURATION]
    tried = [f for f in mine if f.proof is not Proof.CONFIGURATION]
    holding = [f for f in static if _bears(f)]
    return IsolationSummary(
        component=component,
        gates=sum(int(count) for f in holding for count in _GATES.findall(f.observed)[:1]),
        proofs=len(holding),
        unproven=len(static) - len(holding),
        searches=len(tried),
        searches_not_passing=sum(not _holds(f) for f in tried),
        intervals=tuple(each for each in run.intervals if each.component == component),
    )


def _holds(finding: Finding) -> bool:
    return finding.status in {Status.PASS, Status.NOT_APPLICABLE}


def _bears(finding: Finding) -> bool:
    """Whether a finding leaves the proof standing: what fails mildly opens no tenant's rows, and is told by itself."""
    mild = finding.status is Status.FAIL and finding.severity.rank < Severity.HIGH.rank
    return _holds(finding) or mild


def _reach(interval: CatalogInterval) -> str:
    polls = f"{interval.polls:,} {'poll' if interval.polls == 1 else 'polls'}"
    gap = f", at most {interval.longest_gap.total_seconds():,.1f} s apart" if interval.polls > 1 else ""
    span = f"from {minute_text(interval.first_seen)} to {minute_text(interval.last_seen)}"
    return f"fingerprint {interval.fingerprint[:_SHOWN]} {span}, with {polls}{gap}."


def _changed(before: CatalogInterval, after: CatalogInterval) -> str:
    until = f"unproven until {minute_text(after.proved_at)}" if after.proved_at else "unproven since"
    seen = f"it was last seen as {before.fingerprint[:_SHOWN]} at {minute_text(before.last_seen)}"
    return f"The catalogue changed by {minute_text(after.first_seen)} to {after.fingerprint[:_SHOWN]}, and was {until}; {seen}."
