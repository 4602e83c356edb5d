"""The findings of a picture: each once, what explains what, and where each looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from alerts.picture import Picture
from basewatch.check import is_alerted
from basewatch.model import ExpectedCheck, Finding, Reason, Status

# When a run has two findings of one key, the more severe status counts, in any order.
_BY_SEVERITY = (Status.NOT_APPLICABLE, Status.PASS, Status.UNVERIFIED, Status.FAIL)

NOT_SEEN = (Reason.UNREACHABLE, Reason.TIMEOUT, Reason.THROTTLED, Reason.DENIED)
"""The reasons that lie between Basewatch and what it looks at; the others lie in what was read."""
_SIGN_IN = "sts:"
CONNECT = "connect"


def findings_by_key(picture: Picture) -> dict[str, Finding]:
    """The findings of the picture by key; of two with one key, the more severe."""
    return {finding.key: finding for finding in sorted(picture.findings, key=lambda f: _BY_SEVERITY.index(f.status))}


def is_of_plan(finding: Finding) -> bool:
    """Whether the finding is about the plan or about other findings: it is reported, and never alerted."""
    return not is_alerted(finding.check)


def pair_of(finding: Finding) -> ExpectedCheck:
    """The expected check that the finding belongs to."""
    return ExpectedCheck(check=finding.check, component=finding.component)


def answered(finding: Finding) -> bool:
    """Whether anything was read for the finding."""
    return finding.status is not Status.UNVERIFIED or bool(finding.evidence)


def is_at_the_door(action: str) -> bool:
    """Whether the action comes before every other at its source: a sign-in or a connection."""
    return action == CONNECT or action.startswith(_SIGN_IN)


def sources_of(finding: Finding, picture: Picture) -> tuple[str, ...]:
    """Where the finding looked, in the words of Evidence.source; empty when it is not known."""
    evidence = picture.evidence.get(finding.evidence)
    source = finding.source or (evidence.source if evidence else "") or picture.sources.get(pair_of(finding), "")
    # Metrics may come from several accounts.
    return tuple(source.split()) if source.startswith("aws:") else (source,) if source else ()


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by severity, then by id."""
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.check, f.component, f.subject)))


def most_frequent(texts: Iterable[str]) -> str:
    """The most frequent of the texts, the first by alphabet among equals; empty when there is none."""
    return min(Counter(texts).items(), key=lambda item: (-item[1], item[0]), default=("", 0))[0]
