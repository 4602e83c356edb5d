"""All rules together: no alert on a healthy platform, and an alert whenever data is missing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from generate.prometheus.rule_model import RecordingRule, rules_file
from tests.exported import metric_names
from tests.generate.prometheus import healthy
from tests.generate.prometheus.platform import the_groups
from tests.programs import program

pytestmark = pytest.mark.slow


def firing(folder: Path, series: Mapping[str, str], expected: Sequence[str]) -> str:
    """The errors of promtool if exactly these alerts should fire after 90 minutes of these series."""
    (folder / "rules.yml").write_text(rules_file(the_groups()), encoding="utf-8")
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "90m",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in expected],
            }
        ],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [program("promtool"), "test", "rules", str(folder / "test.yml")]
    ran = subprocess.run(command, capture_output=True, check=False, text=True)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_only_the_watchdog_fires_on_a_healthy_platform(tmp_path: Path) -> None:
    """With healthy values of every metric, no other alert fires."""
    assert firing(tmp_path, healthy.page(), ["Watchdog"]) == ""


def test_the_healthy_page_has_every_metric_that_rules_read() -> None:
    """No rule is quiet because its series are missing."""
    rules = [rule for group in the_groups() for rule in group.rules]
    read = set[str]().union(*(metric_names(rule.expr) for rule in rules))
    recorded = {rule.record for rule in rules if isinstance(rule, RecordingRule)}
    named = {series.partition("{")[0] for series in healthy.page()}
    assert read - recorded - named == WITHOUT_TROUBLE


WITHOUT_TROUBLE = {
    "basewatch_api_request_failures_total",
    "basewatch_notification_failures_total",
    "basewatch_notifications_oldest_pending_timestamp_seconds",
    "basewatch_series_dropped_total",
}
"""These have no series before the first event."""


@pytest.mark.parametrize("known", [True, False])
def test_missing_series_are_an_alert(tmp_path: Path, known: bool) -> None:  # noqa: FBT001  # pytest hands it so
    """A critical alert fires without any series, and with an empty page of the exporter."""
    if known:
        assert firing(tmp_path, {}, ["BasewatchDown", "Watchdog"]) == ""
    else:
        page = {'up{job="basewatch",instance="here"}': "1+0x200"}
        said = firing(tmp_path, page, ["Watchdog"])
        assert "RunOverdue" in said
        assert "CollectorDown" in said
