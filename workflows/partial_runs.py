"""A full run and the partial runs that were made since, as one."""

from __future__ import annotations

from dataclasses import replace

from basewatch.model import ExpectedCheck, Finding, Run


def merge_partial(run: Run, later: Run) -> Run:
    """The run with the findings and evidence of a later one, for the expected checks that both have."""
    replaced = set(later.expected)
    newer = (finding for finding in later.findings if pair_of(finding) in run.expected)
    kept = (finding for finding in run.findings if pair_of(finding) not in replaced)
    findings = tuple(sorted((*kept, *newer), key=lambda f: (f.check, f.component, f.subject)))
    digests = {finding.evidence for finding in findings}
    evidence = {each.digest: each for each in (*run.evidence, *later.evidence) if each.digest in digests}
    return replace(run, findings=findings, evidence=tuple(evidence.values()))


def pair_of(finding: Finding) -> ExpectedCheck:
    """The expected check that a finding belongs to."""
    return ExpectedCheck(check=finding.check, component=finding.component)
