"""Checks of GuardDuty: that it detects threats in the region, and that somebody looks at what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import FollowsFrom, check
from basewatch.components import Detection
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import minutes_text

# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html: high from 7.0, critical from 9.0.
_HIGH = 7
# So many findings AWS returns at once.
_AT_ONCE = 50


class Switch(StrEnum):
    """The status of a detector or of one of its features."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The detector of the region: its status, empty without a detector, and its features, each with its status."""

    status: str
    features: tuple[tuple[str, str], ...]

    def with_status(self, status: Switch) -> frozenset[str]:
        """The names of the features with this status."""
        return frozenset(name for name, is_now in self.features if is_now == status)


def detector(aws: AwsClient, _detection: Detection) -> Detector:
    """The detector, by ListDetectors and GetDetector; a region has one at most."""
    identifier = _identifier(aws)
    if not identifier:
        return Detector(status="", features=())
    answer = aws.call("guardduty", "GetDetector", DetectorId=identifier)
    status = required(answer, "Status", kind=Switch)
    features = (
        (required(each, "Name", kind=str), str(required(each, "Status", kind=Switch)))
        for each in required(answer, "Features", kind=list)
    )
    return Detector(status=status, features=tuple(sorted(features)))


def _identifier(aws: AwsClient) -> str:
    pages = aws.pages("guardduty", "ListDetectors")
    return next((str(each) for page in pages for each in required(page, "DetectorIds", kind=list)), "")


@check(
    "logging.guardduty.enabled",
    component=Detection,
    observe=detector,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("guardduty:GetDetector", "guardduty:ListDetectors"),
    promises=("guardduty",),
)
def threats_are_detected(facts: Detector, detection: Detection, _now: datetime) -> Iterator[Verdict]:
    """GuardDuty is enabled in the region, with the promised features.

    Why: Stolen keys, odd logins to the database and functions that talk to miners are seen by nothing else.
    Reads: guardduty:ListDetectors, guardduty:GetDetector: its status and features.
    Unverified when: A call is denied, throttled or fails, a status is unknown, or the answer lacks a feature.
    Fix: aws guardduty create-detector --enable, or update-detector --features; or ask the delegated administrator.
    Source: Amazon GuardDuty User Guide, GuardDuty protection plans,
    https://docs.aws.amazon.com/guardduty/latest/ug/what-is-guardduty.html
    """
    wanted = detection.guardduty.features if detection.guardduty else ()
    enabled = facts.with_status(Switch.ENABLED)
    disabled = sorted(facts.with_status(Switch.DISABLED) & set(wanted))
    unknown = sorted(set(wanted) - enabled - set(disabled))
    observed = f"{facts.status or 'no detector'}, {', '.join(sorted(enabled)) or 'no features'}"
    expected = ", ".join(["ENABLED", *wanted])
    if facts.status != Switch.ENABLED:
        summary = "GuardDuty is disabled" if facts.status else "GuardDuty has no detector"
        yield failed(summary, observed=observed, expected=expected)
    elif disabled:
        yield failed(f"GuardDuty lacks {', '.join(disabled)}", observed=observed, expected=expected)
    elif unknown:
        summary = f"GuardDuty does not tell of {', '.join(unknown)}"
        remedy = "Correct the names of the features; some are not offered in every region."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("GuardDuty is enabled", observed=observed, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """A finding of high severity that nobody has archived."""

    type: str
    severity: float
    account: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Threats:
    """The findings that nobody has archived, oldest first; `read_at` is the time on the clock of AWS, if it told."""

    detector: bool
    threats: tuple[Threat, ...]
    read_at: datetime | None


def threats(aws: AwsClient, _detection: Detection) -> Threats:
    """Every finding of severity 7 or more that is not archived, by ListFindings and GetFindings."""
    identifier = _identifier(aws)
    if not identifier:
        return Threats(detector=False, threats=(), read_at=None)
    criteria = {"Criterion": {"severity": {"GreaterThanOrEqual": _HIGH}, "service.archived": {"Eq": ["false"]}}}
    ids, at = list[str](), None
    for page in aws.pages("guardduty", "ListFindings", DetectorId=identifier, FindingCriteria=criteria):
        ids += required(page, "FindingIds", kind=list)
        at = answered_at(page) or at
    found = list[Threat]()
    for some in (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)):
        answer = aws.call("guardduty", "GetFindings", DetectorId=identifier, FindingIds=some)
        described = required(answer, "Findings", kind=list)
        if len(described) < len(some):
            raise ObservationError(Reason.STALE, "findings that were listed are gone", remedy="run again")
        found += (_threat(each) for each in described if optional(each, "Service", "Archived", kind=bool) is not True)
    return Threats(detector=True, threats=tuple(sorted(found, key=lambda each: each.created)), read_at=at)


def _threat(finding: dict[str, Any]) -> Threat:
    created = required(finding, "CreatedAt", kind=str)
    try:
        moment = datetime.fromisoformat(created)
    except ValueError as error:
        raise ObservationError(Reason.UNSUPPORTED, f"{created[:40]!r} is not a time") from error
    return Threat(
        type=required(finding, "Type", kind=str),
        severity=required(finding, "Severity", kind=float),
        account=required(finding, "AccountId", kind=str),
        created=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
    )


@check(
    "logging.guardduty.findings",
    component=Detection,
    observe=threats,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("guardduty:GetFindings", "guardduty:ListDetectors", "guardduty:ListFindings"),
    promises=("guardduty.triaged_within",),
    follows_from=(
        FollowsFrom(check="logging.guardduty.enabled", status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA,)),
    ),
)
def threats_are_triaged(facts: Threats, detection: Detection, now: datetime) -> Iterator[Verdict]:
    """No finding of GuardDuty of severity 7 or more stays unarchived for longer than promised.

    Why: A finding that nobody looks at is an intrusion with a date.
    Reads: guardduty:ListFindings and guardduty:GetFindings: those of severity 7 or more that are not archived, and
    when they were created. In the account of a delegated administrator these are those of all members. What archived a
    finding, a person or a suppression rule, is not looked at.
    Unverified when: A call is denied, throttled or fails, or there is no detector.
    Fix: Look into the finding in the GuardDuty console, and archive it when it is dealt with.
    Source: Amazon GuardDuty User Guide, Managing findings,
    https://docs.aws.amazon.com/guardduty/latest/ug/findings_management.html
    """
    within = detection.guardduty.triaged_within if detection.guardduty else None
    expected = f"archived within {format_duration(within)}" if within else "archived"
    at = facts.read_at or now
    late = [each for each in facts.threats if within is None or at - each.created > within]
    observed = f"{len(facts.threats)} findings of severity 7 or more, {len(late)} of them late"
    if not facts.detector:
        remedy = "Enable GuardDuty in the region."
        summary = "GuardDuty has no detector, so that it finds nothing"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif late:
        old = minutes_text(at - late[0].created)
        kinds = ", ".join(sorted({each.type for each in late})[:3])
        yield failed(f"Findings of GuardDuty wait, the oldest for {old}: {kinds}", observed=observed, expected=expected)
    else:
        yield passed("No finding waits for too long", observed=observed, expected=expected)
