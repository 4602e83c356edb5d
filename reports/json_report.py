"""The findings of a run as JSON: the stable object that `--format json` prints, and its JSON Schema."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import Finding, Proof, Reason, Run, Severity, Status
from reports.isolation import IsolationSummary, isolation_summaries
from reports.threats import ASSUMPTIONS, LIMITS, THREATS
from reports.view import View, worst_first


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunPart(_Part):
    """The time of the run, the version of Basewatch, and the configuration."""

    started: datetime
    finished: datetime
    basewatch: str = Field(description="The version of Basewatch.")
    config_digest: str = Field(description="The sha256 of the configuration's text.")
    notes: tuple[str, ...] = Field(
        default=(), description="What a reader must know of the run, such as that it could not be recorded."
    )


class SummaryPart(_Part):
    """How many findings have each status."""

    passed: int = Field(ge=0, serialization_alias="pass")
    fail: int = Field(ge=0)
    unverified: int = Field(ge=0)
    not_applicable: int = Field(ge=0)


class FindingPart(_Part):
    """The verdict of one check on one subject of one component."""

    key: str = Field(description="Stable across runs: derived from the check, the component and the subject.")
    check: str
    component: str
    subject: str = Field(description="Empty for the component itself.")
    status: Status
    reason: Reason | None = Field(description="Why it is UNVERIFIED; null for every other status.")
    severity: Severity
    proof: Proof = Field(description="How strong a PASS is.")
    summary: str
    observed: str
    expected: str
    remedy: str
    source: str = Field(
        description="Where an UNVERIFIED check could not look, such as aws:123456789012/us-east-1 or postgresql:main; "
        "empty if facts were read that do not suffice."
    )
    action: str = Field(description="What it asked there, such as rds:DescribeDBClusters or connect; empty as above.")
    controls: tuple[str, ...]
    evidence: str = Field(description="The digest of the evidence; empty if nothing could be read.")
    cause: str = Field(
        description="The key of the finding that explains this one and is notified instead; empty for none."
    )


class IntervalPart(_Part):
    """A time in which every poll of a database's catalogue had the same fingerprint."""

    fingerprint: str
    first_seen: datetime
    last_seen: datetime
    polls: int = Field(ge=1)
    longest_gap_seconds: float = Field(ge=0, description="The longest time between two polls.")
    proved_at: datetime | None = Field(description="The time of the first static proof of this catalogue.")
    searched_at: datetime | None = Field(description="The time of the last search for counterexamples.")


class IsolationPart(_Part):
    """The tenant isolation of one database, and the time for which it is known."""

    component: str
    statement: str
    gates: int = Field(ge=0, description="The number of gates that the static proof holds for; 0 if it is not known.")
    proofs: int = Field(ge=0, description="Verdicts of the static proof that hold.")
    unproven: int = Field(ge=0, description="Verdicts of the static proof that do not hold.")
    intervals: tuple[IntervalPart, ...]


class ThreatPart(_Part):
    """One threat, and whether row-level security with a custom setting protects against it."""

    level: str
    threat: str
    guarantee: str
    because: str


class TenantIsolationPart(_Part):
    """The tenant isolation of every database, with the assumptions, threats and limits of the verdicts."""

    databases: tuple[IsolationPart, ...]
    assumptions: tuple[str, ...]
    threats: tuple[ThreatPart, ...]
    limits: tuple[str, ...]


class FindingsReport(_Part):
    """One run's findings, worst first."""

    run: RunPart
    summary: SummaryPart
    findings: tuple[FindingPart, ...]
    tenant_isolation: TenantIsolationPart | None = Field(description="Null if no tenancy check was planned.")


def render(view: View) -> bytes:
    """The findings as one JSON object."""
    return findings_report(view.run).model_dump_json(by_alias=True, indent=2).encode() + b"\n"


def findings_report(run: Run) -> FindingsReport:
    """The findings of a run as the stable interface."""
    return FindingsReport(
        run=RunPart(
            started=run.started,
            finished=run.finished,
            basewatch=run.version,
            config_digest=run.config_digest,
            notes=run.notes,
        ),
        summary=SummaryPart(
            passed=run.count(Status.PASS),
            fail=run.count(Status.FAIL),
            unverified=run.count(Status.UNVERIFIED),
            not_applicable=run.count(Status.NOT_APPLICABLE),
        ),
        findings=tuple(_finding(finding) for finding in worst_first(run.findings)),
        tenant_isolation=_isolation(run),
    )


def _isolation(run: Run) -> TenantIsolationPart | None:
    databases = tuple(_database(each) for each in isolation_summaries(run))
    if not databases:
        return None
    return TenantIsolationPart(
        databases=databases,
        assumptions=tuple(f"{each.name}. {each.meaning}" for each in ASSUMPTIONS),
        threats=tuple(
            ThreatPart(**{name: getattr(each, name) for name in ThreatPart.model_fields}) for each in THREATS
        ),
        limits=LIMITS,
    )


def _database(each: IsolationSummary) -> IsolationPart:
    return IsolationPart(
        component=each.component,
        statement=" ".join(each.sentences),
        gates=each.gates,
        proofs=each.proofs,
        unproven=each.unproven,
        intervals=tuple(_interval(interval) for interval in each.intervals),
    )


def _interval(interval: CatalogInterval) -> IntervalPart:
    return IntervalPart(
        fingerprint=interval.fingerprint,
        first_seen=interval.first_seen,
        last_seen=interval.last_seen,
        polls=interval.polls,
        longest_gap_seconds=interval.longest_gap.total_seconds(),
        proved_at=interval.proved_at,
        searched_at=interval.searched_at,
    )


def schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of the report, as committed in docs/findings.schema.json."""
    described = FindingsReport.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Basewatch findings",
    }


def _finding(finding: Finding) -> FindingPart:
    return FindingPart(**{name: getattr(finding, name) for name in FindingPart.model_fields})
