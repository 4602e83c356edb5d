"""The JSON report is the stable interface: its schema is committed, and the report conforms to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from jsonschema import Draft202012Validator

from basewatch.model import Status
from reports import ReportFormat, render
from reports.json_report import schema
from tests.reports.sample import green_run, sample_view

COMMITTED = Path(__file__).parents[2] / "docs" / "findings.schema.json"


def test_the_committed_schema_is_the_current_one() -> None:
    """The schema in docs/ is the one in the code."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == schema()


def test_the_report_conforms_to_its_schema() -> None:
    """A rich run and a small one are valid, and so is the schema."""
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    for view in (sample_view(), replace(sample_view(), run=green_run())):
        assert list(validator.iter_errors(json.loads(render(view, ReportFormat.JSON)))) == []


def test_the_report_has_exactly_the_promised_keys() -> None:
    """No key is missing, and there is no other key."""
    report = json.loads(render(sample_view(), ReportFormat.JSON))
    assert list(report) == ["run", "summary", "findings", "tenant_isolation"]
    assert list(report["run"]) == ["started", "finished", "basewatch", "config_digest", "notes"]
    assert list(report["summary"]) == ["pass", "fail", "unverified", "not_applicable"]
    identity, verdict = "key check component subject", "status reason severity proof summary observed expected remedy"
    keys = f"{identity} {verdict} source action controls evidence cause"
    assert {tuple(finding) for finding in report["findings"]} == {tuple(keys.split())}


def test_the_summary_counts_the_findings() -> None:
    """One counting rule: a finding is counted once, under its status."""
    report = json.loads(render(sample_view(), ReportFormat.JSON))
    statuses = [finding["status"] for finding in report["findings"]]
    assert report["summary"] == {status.value.lower(): statuses.count(status) for status in Status}


def test_only_an_unverified_finding_has_a_reason() -> None:
    """The reason says why a finding is UNVERIFIED."""
    findings = json.loads(render(sample_view(), ReportFormat.JSON))["findings"]
    assert all((finding["reason"] is not None) == (finding["status"] == "UNVERIFIED") for finding in findings)


def test_times_are_utc() -> None:
    """Times are in UTC, in ISO 8601."""
    run = json.loads(render(sample_view(), ReportFormat.JSON))["run"]
    assert run["started"] == "2026-03-01T12:00:02Z"
