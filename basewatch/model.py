"""The words of Basewatch as frozen values: verdict, finding, evidence, series, transition, run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from typing_extensions import TypeAliasType

from basewatch.catalog_interval import CatalogInterval

# Named, not only aliased: pydantic cannot follow an alias that holds itself.
JSON = TypeAliasType("JSON", "bool | int | float | str | list[JSON] | dict[str, JSON] | None")


class Status(StrEnum):
    """What a check says of one subject; UNVERIFIED means nobody could tell, and is never green."""

    PASS = "PASS"  # noqa: S105  # a status, not a password
    FAIL = "FAIL"
    UNVERIFIED = "UNVERIFIED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Reason(StrEnum):
    """Why a subject is UNVERIFIED."""

    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STALE = "stale"
    NOT_ENOUGH_DATA = "not_enough_data"
    UNSUPPORTED = "unsupported"
    BUG = "bug"


class Severity(StrEnum):
    """How bad a FAIL is, mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


class Proof(StrEnum):
    """How strong a PASS is, weakest first."""

    CONFIGURATION = "configuration"
    SAMPLE = "sample"
    POPULATION = "population"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of one subject; an empty `subject` means the component itself.

    `severity` is how bad this one is, where it differs from the check's own; the configuration overrides both.
    `affected` is whom and what it concerns: see basewatch.affected.
    """

    status: Status
    summary: str
    subject: str = ""
    observed: str = ""
    expected: str = ""
    reason: Reason | None = None
    remedy: str = ""
    severity: Severity | None = None
    affected: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if (self.status is Status.UNVERIFIED) != (self.reason is not None):
            raise ValueError("UNVERIFIED needs a reason, and no other status has one")


def passed(summary: str, *, subject: str = "", observed: str = "", expected: str = "") -> Verdict:
    """A verdict that the promise holds for `subject`."""
    return Verdict(status=Status.PASS, summary=summary, subject=subject, observed=observed, expected=expected)


def failed(
    summary: str,
    *,
    subject: str = "",
    observed: str = "",
    expected: str = "",
    remedy: str = "",
    severity: Severity | None = None,
) -> Verdict:
    """A verdict, from facts that were read, that the promise is broken for `subject`."""
    return Verdict(
        status=Status.FAIL,
        summary=summary,
        subject=subject,
        observed=observed,
        expected=expected,
        remedy=remedy,
        severity=severity,
    )


def unverified(
    reason: Reason, summary: str, *, subject: str = "", observed: str = "", expected: str = "", remedy: str = ""
) -> Verdict:
    """A verdict that nobody could tell, and why."""
    return Verdict(
        status=Status.UNVERIFIED,
        reason=reason,
        summary=summary,
        subject=subject,
        observed=observed,
        expected=expected,
        remedy=remedy,
    )


def not_applicable(summary: str, *, subject: str = "", observed: str = "") -> Verdict:
    """A verdict that there is nothing here to judge, from a complete listing that says so."""
    return Verdict(status=Status.NOT_APPLICABLE, summary=summary, subject=subject, observed=observed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Facts one observation read, and where they came from; `digest` is the sha256 of what was seen, where."""

    digest: str
    observation: str
    component: str
    facts: JSON
    source: str
    principal: str
    requests: tuple[str, ...]
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict of one check on one component, or on a `subject` in it; `cause` is the key of what explains it."""

    check: str
    component: str
    status: Status
    severity: Severity
    proof: Proof
    summary: str
    subject: str = ""
    reason: Reason | None = None
    observed: str = ""
    expected: str = ""
    remedy: str = ""
    controls: tuple[str, ...] = ()
    evidence: str = ""
    affected: tuple[tuple[str, str], ...] = ()
    cause: str = ""

    @property
    def key(self) -> str:
        """The finding's identity over runs: check, component and subject, never wording, hashed and versioned."""
        identity = "\x1f".join((self.check, self.component, self.subject))
        return "v1-" + hashlib.sha256(identity.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One number of a series and the end of the period it covers (aware UTC)."""

    period_end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The samples of one metric over the window, oldest first; values are in the family's base unit."""

    name: str
    labels: tuple[tuple[str, str], ...]
    period: timedelta
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The half-open span of time [start, end) that a run judges; both aware UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The window's duration, never negative in a planned run."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A finding's change of state between two runs; `previous` is None for one never seen before."""

    finding: Finding
    previous: Status | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCheck:
    """One verdict that a run expects: this check on this component."""

    check: str
    component: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass: what was expected, what was seen, what it means, what changed; sealed when recorded.

    `scope` says what a partial pass looked at, and why; it is empty for a pass over everything.
    """

    id: str
    started: datetime
    finished: datetime
    window: Window
    version: str
    config_digest: str
    commit: str
    expected: tuple[ExpectedCheck, ...]
    components: Mapping[str, JSON]
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    series: tuple[Series, ...] = ()
    transitions: tuple[Transition, ...] = ()
    previous_seal: str = ""
    seal: str = ""
    notes: tuple[str, ...] = field(default=())
    scope: str = ""
    intervals: tuple[CatalogInterval, ...] = ()

    def count(self, status: Status) -> int:
        """The number of findings with this status."""
        return sum(finding.status is status for finding in self.findings)
