"""Groups findings into alerts: one alert for each cause, with what it explains inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from alerts.picture import Picture
from basewatch.affected import symptoms
from basewatch.alert import Alert, AlertKind, Member
from basewatch.check import PLAN_FAMILY
from basewatch.model import Finding, Status

# When a run has two findings of one key, the more severe status counts, in any order.
_BY_SEVERITY = (Status.NOT_APPLICABLE, Status.PASS, Status.UNVERIFIED, Status.FAIL)


def findings_by_key(picture: Picture) -> dict[str, Finding]:
    """The findings of the picture by key; of two with one key, the more severe."""
    return {finding.key: finding for finding in sorted(picture.findings, key=lambda f: _BY_SEVERITY.index(f.status))}


def alerts_of(picture: Picture) -> tuple[Alert, ...]:
    """Every problem that the picture shows, each as one alert; nothing of it is in two alerts."""
    return tuple(_alerts(picture))


def _alerts(picture: Picture) -> Iterator[Alert]:
    findings = findings_by_key(picture)
    explained = symptoms(findings.values())
    inside = {symptom.key for each in explained.values() for symptom in each}
    for finding in findings.values():
        # Known before the pass, and the same in each: the plan, the reports and the exit status say it.
        if finding.check.partition(".")[0] == PLAN_FAMILY or finding.key in inside:
            continue
        match finding.status:
            case Status.FAIL:
                yield _alert(picture, finding, finding.key, AlertKind.FINDING, explained.get(finding.key, ()))
            case Status.UNVERIFIED:
                yield _alert(picture, finding, _key(finding), AlertKind.UNSEEN, ())
            case Status.PASS | Status.NOT_APPLICABLE:
                pass


def _alert(picture: Picture, lead: Finding, key: str, kind: AlertKind, members: Sequence[Finding]) -> Alert:
    evidence = picture.evidence.get(lead.evidence)
    worst = max((lead, *members), key=lambda finding: finding.severity.rank)
    return Alert(
        key=key,
        kind=kind,
        check=lead.check,
        component=lead.component,
        subject=lead.subject,
        status=lead.status,
        severity=worst.severity,
        summary=lead.summary,
        since=picture.at,
        finding=lead.key,
        title=picture.titles.get(lead.check, ""),
        reason=lead.reason,
        observed=lead.observed,
        expected=lead.expected,
        remedy=lead.remedy,
        proof=lead.proof,
        source=evidence.source if evidence else "",
        observed_at=evidence.observed_at if evidence else None,
        members=tuple(_member(each) for each in members),
    )


def _member(finding: Finding) -> Member:
    return Member(
        key=finding.key,
        check=finding.check,
        component=finding.component,
        subject=finding.subject,
        status=finding.status,
        severity=finding.severity,
        summary=finding.summary,
    )


def _key(finding: Finding) -> str:
    return "u1-" + hashlib.sha256(finding.key.encode()).hexdigest()[:32]
