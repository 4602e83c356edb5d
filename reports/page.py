"""What stands on a report's page, in the order a reader needs it, whatever the page is written in."""

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
    Status.FAIL: "The promise is broken, by facts that were read.",
    Status.UNVERIFIED: "Nobody could tell: access denied, no answer, or too little data. It may be broken.",
    Status.PASS: "The promise holds, by facts that were read.",
    Status.NOT_APPLICABLE: "A complete answer says that there is nothing here to judge.",
}
PROOF_MEANINGS = {
    Proof.CONFIGURATION: "the setting that should bring it about was read",
    Proof.SAMPLE: "some of the things it is about were looked at",
    Proof.POPULATION: "all of the things it is about were looked at",
    Proof.BEHAVIOUR: "the thing itself was tried",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What was seen of one subject, or of several of which the same was seen and all is well."""

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
        """The worst finding; check, severity, proof and evidence are the same in all."""
        return self.findings[0]

    @property
    def rows(self) -> tuple[VerdictRow, ...]:
        """A row for every finding, but one for all those that are well in the same way."""
        seen: defaultdict[tuple[Status, str, str, str], list[str]] = defaultdict(list)
        for finding in self.findings:
            apart = finding.key if finding.status in NOT_GREEN else ""
            said = finding.observed or finding.summary
            seen[finding.status, said, finding.expected, apart].append(finding.subject)
        return tuple(
            VerdictRow(status=status, subjects=tuple(filter(None, subjects)), observed=observed, expected=expected)
            for (status, observed, expected, _), subjects in seen.items()
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
    """Who asked what, and how many observations came of it."""

    source: str
    principal: str
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A view, arranged: `open_findings` is all that is not green, `missing_verdicts` are the pairs without any verdict.

    What another finding explains is not in `open_findings` but in `symptoms`, by the key of that finding.
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
    told = {symptom.key for each in explained.values() for symptom in each}
    wrong = (f for f in run.findings if f.status in NOT_GREEN and f.key not in told)
    judged = {ExpectedCheck(check=finding.check, component=finding.component) for finding in run.findings}
    return ReportPage(
        view=view,
        headline=headline(run),
        counts=tuple((status, run.count(status)) for status in STATUS_MEANINGS),
        verified_count=len(verified_pairs(run)),
        expected_count=len(run.expected),
        missing_verdicts=tuple(pair for pair in run.expected if pair not in judged),
        open_findings=tuple(worst_first(wrong)),
        symptoms=explained,
        changes=changes(view),
        groups=tuple(_groups(run)),
        evidence_sources=tuple(_witnesses(run)),
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


def _witnesses(run: Run) -> Iterable[EvidenceSource]:
    counts = Counter((evidence.source, evidence.principal) for evidence in run.evidence)
    for (source, principal), observations in sorted(counts.items()):
        yield EvidenceSource(source=source, principal=principal, observations=observations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The state of the platform in one sentence; `status` is the worst there is."""

    status: Status
    text: str


def headline(run: Run) -> Headline:
    """The headline of a run. It is green only when something was expected and every verdict is there and holds."""
    broken, doubtful, held = (run.count(status) for status in (Status.FAIL, Status.UNVERIFIED, Status.PASS))
    if broken:
        promises = "1 promise is" if broken == 1 else f"{broken} promises are"
        also = f", and {doubtful} more could not be verified" if doubtful else ""
        return Headline(status=Status.FAIL, text=f"{promises} broken{also}.")
    if doubtful:
        return Headline(
            status=Status.UNVERIFIED, text=f"Nothing was seen broken, but {doubtful} could not be verified."
        )
    if not held or set(run.expected) - {
        ExpectedCheck(check=found.check, component=found.component) for found in run.findings
    }:
        return Headline(status=Status.UNVERIFIED, text="Too little was seen to vouch for anything.")
    return Headline(status=Status.PASS, text=f"All {held} verdicts hold." if held > 1 else "The one verdict holds.")
