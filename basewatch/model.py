"""The vocabulary of Basewatch as frozen values: verdict, finding, evidence, transition, run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from typing_extensions import TypeAliasType

from basewatch.catalog_interval import CatalogInterval
from basewatch.series import Series

# A named type, because pydantic cannot resolve an alias that refers to itself.
JSON = TypeAliasType("JSON", "bool | int | float | str | list[JSON] | dict[str, JSON] | None")


class Status(StrEnum):
    """The result of a check for one subject; UNVERIFIED means that the check could not observe, and is never green."""

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
    """How bad a FAIL is, least severe first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Proof(StrEnum):
    """How strong a PASS is, weakest first."""

    CONFIGURATION = "configuration"
    SAMPLE = "sample"
    POPULATION = "population"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judge's result for one subject; an empty `subject` is the component itself.

    `severity` replaces the check's severity for this verdict; the configuration overrides both. `affected` are the
    principals and objects concerned: see basewatch.affected. `source`, `action` and `since` are those of Finding.
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
    source: str = ""
    action: str = ""
    since: datetime | None = None

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
    """A verdict that the check could not observe, and why."""
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
    """A verdict that there is nothing to judge, as a complete listing shows."""
    return Verdict(status=Status.NOT_APPLICABLE, summary=summary, subject=subject, observed=observed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The facts of one observation and their source; `digest` is the sha256 of observation, component and facts.

    `source` is `aws:123456789012/us-east-1`, or `postgresql:main` for the database of that name, with `/reader`,
    `/login/ROLE` or `/proxy/ROLE` for its other endpoints.
    """

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
    """One verdict on a component or a `subject` in it; `cause` is the key of the finding that explains it.

    An UNVERIFIED finding says what could not be seen: `source` as in Evidence, and the `action` there: an IAM action,
    `connect`, or a statement's name; none, if facts do not suffice. `since` is when a FAIL began, if its facts tell.
    """

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
    source: str = ""
    action: str = ""
    since: datetime | None = None

    @property
    def key(self) -> str:
        """The finding's identity over runs: check, component and subject, never wording, hashed and versioned."""
        identity = "\x1f".join((self.check, self.component, self.subject))
        return "v1-" + hashlib.sha256(identity.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The half-open time range [start, end) that a run judges; both are aware UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The window's duration, never negative in a planned run."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A finding's change of state between two runs; `previous` is None for a new finding."""

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
    """One pass: expected checks, facts, findings and transitions; sealed when it is recorded.

    `scope` describes what a partial pass covers and why; it is empty for a full pass.
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
