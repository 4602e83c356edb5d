"""A pass writes a file for the textfile collector of node exporter."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from basewatch.config.model import Reports
from exposition.page import ExpositionFormat
from tests.exposition.scraped import families_in, samples_in
from tests.programs import program
from workflows.commands import PreparedPlan, utc_now
from workflows.monitor import observe_plan
from workflows.report_files import METRICS_FILE, write_reports


@pytest.mark.slow
def test_a_pass_writes_its_findings_and_readings(prepared: PreparedPlan, tmp_path: Path) -> None:
    """The file has findings, run times and latest readings, no counter, and passes promtool."""
    plan, at = prepared.plan, utc_now()
    looked = observe_plan(plan, prepared.sessions, plan.next_window(None, at), utc_now)
    reports = Reports(mode="0640", metrics_mode="0644")
    plan = replace(plan, config=plan.config.model_copy(update={"reports": reports}))
    written = write_reports(plan, looked, tmp_path)
    assert written.problems == ()
    modes = {path.name: path.stat().st_mode & 0o777 for path in written.paths}
    assert modes.pop(METRICS_FILE) == 0o644
    assert set(modes.values()) == {0o640}
    text = (tmp_path / METRICS_FILE).read_bytes()
    families = families_in(text.decode(), ExpositionFormat.TEXT)
    samples = samples_in(families)
    assert {family.type for family in families} == {"gauge", "summary"}
    assert samples["basewatch_run_last_timestamp_seconds", frozenset()] == looked.run.started.timestamp()
    assert {name for name, _ in samples} >= {"basewatch_finding_status", "aws_rds_cpu_utilization_ratio"}
    assert [name for name, _ in samples if name.endswith(("_total", "_sum", "_count"))] == []
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
