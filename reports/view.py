"""What a report is made of: a run, and what its checks say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from basewatch.model import ExpectedCheck, Finding, Run, Status

# Worst first: UNVERIFIED is no better than the FAIL it may hide.
_ORDER = (Status.FAIL, Status.UNVERIFIED, Status.PASS, Status.NOT_APPLICABLE)
NOT_GREEN = frozenset({Status.FAIL, Status.UNVERIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDescription:
    """What a check says of itself, for readers: its promise as a sentence and the parts of its description."""

    title: str
    why: str
    reads: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One run as reports show it; `previous` are the findings of the run before it, empty when there is none."""

    run: Run
    platform: str
    environment: str
    checks: Mapping[str, CheckDescription]
    previous: tuple[Finding, ...] = ()

    def title(self, check: str) -> str:
        """The promise that a check is about; its id, when nothing is known of it."""
        return self.checks[check].title if check in self.checks else check


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by status, severity and identity: an order that does not depend on the order of looking."""
    return sorted(findings, key=lambda f: (_ORDER.index(f.status), -f.severity.rank, f.component, f.check, f.subject))


def verified_pairs(run: Run) -> frozenset[ExpectedCheck]:
    """The expected pairs that got a verdict and no UNVERIFIED: what the run can vouch for having seen."""
    seen = {ExpectedCheck(check=finding.check, component=finding.component) for finding in run.findings}
    doubtful = {
        ExpectedCheck(check=finding.check, component=finding.component)
        for finding in run.findings
        if finding.status is Status.UNVERIFIED
    }
    return frozenset(run.expected) & frozenset(seen - doubtful)
