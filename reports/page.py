"""The content of a report, in reading order, independent of the format."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from basewatch.affected import symptoms
from basewatch.components import COMPONENT_TYPES
from basewatch.model import ExpectedCheck, Finding, Proof, Run, Status
from reports.changes import Changes, changes
from reports.isolation import IsolationSummary, isolation_summaries
from reports.view import NOT_GREEN, View, verified_pairs, worst_first

_KINDS = [kind.kind for kind in COMPONENT_TYPES]
STATUS_MEANINGS = {
    Status.FAIL: "The promise is broken. The facts that show it were read.",
    Status.UNVERIFIED: "The promise could not be verified: access denied, no answer or too little data. "
    "It may be broken.",
    Status.PASS: "The promise holds. The facts that show it were read.",
    Status.NOT_APPLICABLE: "There is nothing to judge, according to a complete answer.",
}
PROOF_MEANINGS = {
    Proof.CONFIGURATION: "the setting that should ensure the promise was read",
    Proof.SAMPLE: "a sample of the objects was observed",
    Proof.POPULATION: "all objects were observed",
    Proof.BEHAVIOUR: "the behaviour itself was tried",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """The verdict on one subject, or on several subjects with the same passing verdict."""

    status: Status
    subjects: tuple[str, ...]
    observed: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFindings:
    """The findings of one check on one component, worst first."""

    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Finding:
        """The worst finding; check, severity, proof and evidence are the same in all findings."""
        return self.findings[0]

    @property
    def rows(self) -> tuple[VerdictRow, ...]:
        """One row for each open finding, and one for all other findings with the same observed and expected values."""
        subjects_of: defaultdict[tuple[Status, str, str, str], list[str]] = defaultdict(list)
        for finding in self.findings:
            key = finding.key if finding.status in NOT_GREEN else ""
            observed = finding.observed or finding.summary
            subjects_of[finding.status, observed, finding.expected, key].append(finding.subject)
        return tuple(
            VerdictRow(status=status, subjects=tuple(filter(None, subjects)), observed=observed, expected=expected)
            for (status, observed, expected, _), subjects in subjects_of.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFindings:
    """The findings of one component, worst first."""

    component: str
    findings: tuple[Finding, ...]

    @property
    def checks(self) -> tuple[CheckFindings, ...]:
        """The findings by check, the worst check first."""
        by_check: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            by_check[finding.check].append(finding)
        return tuple(CheckFindings(findings=tuple(findings)) for findings in by_check.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSource:
    """A source that was read as one principal, and the number of observations from it."""

    source: str
    principal: str
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The content of a view. `missing_verdicts` are the expected checks without any verdict.

    `open_findings` has every FAIL and UNVERIFIED that no other finding explains; `symptoms` has the explained ones, by
    the key of the finding that explains them.
    """

    view: View
    headline: Headline
    counts: tuple[tuple[Status, int], ...]
    verified_count: int
    expected_count: int
    missing_verdicts: tuple[ExpectedCheck, ...]
    open_findings: tuple[Finding, ...]
    symptoms: Mapping[str, Sequence[Finding]]
    changes: Changes
    groups: tuple[ComponentFindings, ...]
    evidence_sources: tuple[EvidenceSource, ...]
    isolation: tuple[IsolationSummary, ...]

    @property
    def run(self) -> Run:
        """The run that the page is about."""
        return self.view.run


def report_page(view: View) -> ReportPage:
    """The page of a view."""
    run = view.run
    explained = symptoms(worst_first(run.findings))
    explained_keys = {symptom.key for each in explained.values() for symptom in each}
    open_findings = (f for f in run.findings if f.status in NOT_GREEN and f.key not in explained_keys)
    judged = {ExpectedCheck(check=finding.check, component=finding.component) for finding in run.findings}
    return ReportPage(
        view=view,
        headline=headline(run),
        counts=tuple((status, run.count(status)) for status in STATUS_MEANINGS),
        verified_count=len(verified_pairs(run)),
        expected_count=len(run.expected),
        missing_verdicts=tuple(pair for pair in run.expected if pair not in judged),
        open_findings=tuple(worst_first(open_findings)),
        symptoms=explained,
        changes=changes(view),
        groups=tuple(_groups(run)),
        evidence_sources=tuple(_evidence_sources(run)),
        isolation=isolation_summaries(run),
    )


def kind_of(component: str) -> str:
    """A component's kind in words, such as `aurora cluster`."""
    return component.partition("/")[0].replace("_", " ")


def name_of(component: str) -> str:
    """A component's name, without its kind."""
    return component.partition("/")[2]


def _groups(run: Run) -> Iterable[ComponentFindings]:
    by_component: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in worst_first(run.findings):
        by_component[finding.component].append(finding)
    for ref in sorted(by_component, key=lambda ref: (_KINDS.index(ref.partition("/")[0]), ref)):
        yield ComponentFindings(component=ref, findings=tuple(by_component[ref]))


def _evidence_sources(run: Run) -> Iterable[EvidenceSource]:
    counts = Counter((evidence.source, evidence.principal) for evidence in run.evidence)
    for (source, principal), observations in sorted(counts.items()):
        yield EvidenceSource(source=source, principal=principal, observations=observations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The state of the platform in one sentence; `status` is the worst status."""

    status: Status
    text: str


def headline(run: Run) -> Headline:
    """The headline of a run. It is PASS only if every expected check has a verdict, and every verdict holds."""
    failed, unverified, passed = (run.count(status) for status in (Status.FAIL, Status.UNVERIFIED, Status.PASS))
    if failed:
        promises = "1 promise is" if failed == 1 else f"{failed} promises are"
        also = f", and {unverified} more could not be verified" if unverified else ""
        return Headline(status=Status.FAIL, text=f"{promises} broken{also}.")
    if unverified:
        return Headline(
            status=Status.UNVERIFIED, text=f"No promise is known to be broken, but {unverified} could not be verified."
        )
    if not passed or set(run.expected) - {
        ExpectedCheck(check=found.check, component=found.component) for found in run.findings
    }:
        return Headline(status=Status.UNVERIFIED, text="Too little was observed to verify the platform.")
    return Headline(status=Status.PASS, text=f"All {passed} verdicts hold." if passed > 1 else "The one verdict holds.")
