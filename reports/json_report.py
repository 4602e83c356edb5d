"""The findings of a run for programs: the stable object that `--format json` prints, and its JSON Schema."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from basewatch.model import Finding, Proof, Reason, Run, Severity, Status
from reports.view import View, worst_first


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunPart(_Part):
    """When the run was made, by which Basewatch, and of which configuration."""

    started: datetime
    finished: datetime
    basewatch: str = Field(description="The version of Basewatch.")
    config_digest: str = Field(description="The sha256 of the configuration's text.")


class SummaryPart(_Part):
    """How many findings have each status."""

    passed: int = Field(ge=0, serialization_alias="pass")
    fail: int = Field(ge=0)
    unverified: int = Field(ge=0)
    not_applicable: int = Field(ge=0)


class FindingPart(_Part):
    """What one check says of one subject of one component."""

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
    controls: tuple[str, ...]
    evidence: str = Field(description="The digest of the evidence; empty when nothing could be read.")


class FindingsReport(_Part):
    """One run's findings, worst first."""

    run: RunPart
    summary: SummaryPart
    findings: tuple[FindingPart, ...]


def render(view: View) -> bytes:
    """The findings as one JSON object."""
    return findings_report(view.run).model_dump_json(by_alias=True, indent=2).encode() + b"\n"


def findings_report(run: Run) -> FindingsReport:
    """The findings of a run in the shape of the stable interface."""
    return FindingsReport(
        run=RunPart(started=run.started, finished=run.finished, basewatch=run.version, config_digest=run.config_digest),
        summary=SummaryPart(
            passed=run.count(Status.PASS),
            fail=run.count(Status.FAIL),
            unverified=run.count(Status.UNVERIFIED),
            not_applicable=run.count(Status.NOT_APPLICABLE),
        ),
        findings=tuple(_finding(finding) for finding in worst_first(run.findings)),
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
