"""Makes the alerts of a picture: every problem in exactly one, under a key that lasts as long as the problem."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from alerts.grouping.findings import findings_by_key, is_of_plan, most_frequent, worst_first
from alerts.grouping.places import BlindPlace, all_places, blind_places
from alerts.grouping.unseen import Unseen, cause_lies_in_what_was_read, unseen_causes
from alerts.picture import Picture
from basewatch.affected import symptoms
from basewatch.alert import Alert, AlertKind, Member
from basewatch.model import Finding, Reason, Severity, Status

_UNSEEN_KEY: Final = "u1"
_BLIND_KEY: Final = "b1"


def alerts_of(picture: Picture) -> tuple[Alert, ...]:
    """Every problem that the picture shows, each as one alert; nothing of it is in two alerts.

    A FAIL holds what it explains. What is UNVERIFIED is within a place of which nothing answered, or else with all that
    has the same cause.
    """
    return tuple(_alerts(picture))


def blind_alerts(picture: Picture) -> tuple[Alert, ...]:
    """The alert of each place that Basewatch looks at, as it would be if the place were blind."""
    return tuple(_blind(picture, place, ()) for place in all_places(picture))


def _alerts(picture: Picture) -> Iterator[Alert]:
    findings = [finding for finding in findings_by_key(picture).values() if not is_of_plan(finding)]
    explained = symptoms(findings)
    inside = {symptom.key for each in explained.values() for symptom in each}
    for finding in findings:
        if finding.status is Status.FAIL and finding.key not in inside:
            yield _failing(picture, finding, explained.get(finding.key, ()))
    blind = set[str]()
    for place in blind_places(picture, findings):
        hidden = tuple(finding for finding in place.findings if finding.key not in inside)
        blind |= {finding.key for finding in hidden}
        if hidden:
            yield _blind(picture, place, worst_first(hidden))
    left = (f for f in findings if f.status is Status.UNVERIFIED and f.key not in inside and f.key not in blind)
    for unseen in unseen_causes(picture, left):
        yield _unseen(picture, unseen, worst_first(unseen.findings))


def _failing(picture: Picture, lead: Finding, members: Sequence[Finding]) -> Alert:
    evidence = picture.evidence.get(lead.evidence)
    return Alert(
        key=lead.key,
        kind=AlertKind.FINDING,
        check=lead.check,
        component=lead.component,
        subject=lead.subject,
        status=lead.status,
        severity=worst_first((lead, *members))[0].severity,
        summary=lead.summary,
        since=min(picture.at, lead.since or picture.at),
        finding=lead.key,
        title=picture.titles.get(lead.check, ""),
        observed=lead.observed,
        expected=lead.expected,
        remedy=lead.remedy,
        proof=lead.proof,
        source=evidence.source if evidence else "",
        observed_at=evidence.observed_at if evidence else None,
        labels=_labels(picture, (lead, *members)),
        members=tuple(_member(each) for each in worst_first(members)),
    )


def _unseen(picture: Picture, unseen: Unseen, findings: Sequence[Finding]) -> Alert:
    """An alert named after the only finding, or else after the cause, with the findings inside.

    What was read and does not suffice is best said by the finding itself; of what gave no answer, who did not.
    """
    lead, alone = findings[0], len(findings) == 1
    own_words = alone and cause_lies_in_what_was_read(lead)
    return Alert(
        key=_key(_UNSEEN_KEY, *unseen.cause),
        kind=AlertKind.UNSEEN,
        check=_common([finding.check for finding in findings]),
        component=_common([finding.component for finding in findings]) or lead.source,
        subject=lead.subject if alone else "",
        status=Status.UNVERIFIED,
        severity=lead.severity,
        summary=lead.summary
        if own_words
        else unseen.words + ("" if alone else f": {_cannot(len(findings))} be verified"),
        since=picture.at,
        finding=lead.key if alone else "",
        title=picture.titles.get(lead.check, "") if alone else "",
        reason=lead.reason,
        observed=lead.observed if own_words else most_frequent(finding.summary for finding in findings),
        expected=lead.expected if own_words else "",
        remedy=most_frequent(finding.remedy for finding in findings if finding.remedy),
        proof=lead.proof if alone else None,
        source=_common([finding.source for finding in findings]),
        labels=_labels(picture, findings),
        members=() if alone else tuple(_member(each) for each in findings),
    )


def _blind(picture: Picture, place: BlindPlace, findings: Sequence[Finding]) -> Alert:
    """An alert about a place, critical whatever hangs on it: what happens there now is not known."""
    reasons = most_frequent(finding.reason.value for finding in findings if finding.reason)
    return Alert(
        key=_key(_BLIND_KEY, place.id),
        kind=AlertKind.BLIND,
        check="",
        component=place.id,
        subject="",
        status=Status.UNVERIFIED,
        severity=Severity.CRITICAL,
        summary=f"Basewatch cannot see {place.name}: {_cannot(len(findings))} be verified",
        since=picture.at,
        reason=Reason(reasons) if reasons else None,
        observed=most_frequent(finding.summary for finding in findings),
        remedy=most_frequent(finding.remedy for finding in findings if finding.remedy),
        source=_common([finding.source for finding in findings]),
        labels=_labels(picture, findings),
        members=tuple(_member(each) for each in findings),
    )


def _labels(picture: Picture, findings: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    """The labels of the components of all findings: whoever watches one of them is concerned."""
    components = {finding.component: picture.components.get(finding.component) for finding in findings}
    pairs = {pair for component in components.values() if component is not None for pair in component.labels.items()}
    return tuple(sorted(pairs))


def _cannot(number: int) -> str:
    return f"{number} promise{'' if number == 1 else 's'} cannot"


def _common(texts: Sequence[str]) -> str:
    """The text that all have in common; empty when they differ."""
    return texts[0] if len(set(texts)) == 1 else ""


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


def _key(version: str, *identity: str) -> str:
    return f"{version}-" + hashlib.sha256("\x1f".join(identity).encode()).hexdigest()[:32]
