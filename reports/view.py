"""The input of a report: a run, and the descriptions of its checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from basewatch.model import ExpectedCheck, Finding, Run, Status

# Worst first: an UNVERIFIED finding may hide a FAIL.
_ORDER = (Status.FAIL, Status.UNVERIFIED, Status.PASS, Status.NOT_APPLICABLE)
NOT_GREEN = frozenset({Status.FAIL, Status.UNVERIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDescription:
    """The description of a check: its promise as a sentence, and the sections of its docstring."""

    title: str
    why: str
    reads: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One run for reports. `previous` are the findings of the previous run; empty if there is none.

    `accepted` says of findings that are silenced, by their key, until when, by whom and why.
    """

    run: Run
    platform: str
    environment: str
    checks: Mapping[str, CheckDescription]
    previous: tuple[Finding, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict[str, str])

    def title(self, check: str) -> str:
        """The promise of a check; its id, if the check is unknown."""
        return self.checks[check].title if check in self.checks else check


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by status, severity, component, check and subject, independent of the order of observations."""
    return sorted(findings, key=lambda f: (_ORDER.index(f.status), -f.severity.rank, f.component, f.check, f.subject))


def verified_pairs(run: Run) -> frozenset[ExpectedCheck]:
    """The expected checks with a verdict and no UNVERIFIED."""
    judged = {ExpectedCheck(check=finding.check, component=finding.component) for finding in run.findings}
    unverified = {
        ExpectedCheck(check=finding.check, component=finding.component)
        for finding in run.findings
        if finding.status is Status.UNVERIFIED
    }
    return frozenset(run.expected) & frozenset(judged - unverified)
