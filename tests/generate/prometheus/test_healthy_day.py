"""A day of healthy load through Prometheus' own rule engine fires nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from generate.prometheus.rule_model import rules_file
from tests.exported import metric_names
from tests.generate.prometheus.healthy_day import DAY, healthy_day
from tests.generate.prometheus.platform import the_groups
from tests.programs import program
from tests.repository import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

_FIRED = 'count by (alertname) (max_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[26h]))'


def test_a_day_of_healthy_load_fires_nothing(tmp_path: Path) -> None:
    """No alert of the committed configuration fires at any minute of a day, from the first start of Prometheus on."""
    config = load(ROOT / "config.yaml", CHANNEL_TYPES).config
    groups = the_groups(config)
    read = set[str]().union(*(metric_names(rule.expr) for group in groups for rule in group.rules))
    (tmp_path / "rules.yml").write_text(rules_file(groups), encoding="utf-8")
    test = {
        "interval": "1m",
        "input_series": [
            {"series": series, "values": " ".join(values)} for series, values in healthy_day(config, read).items()
        ],
        "promql_expr_test": [{"expr": _FIRED, "eval_time": f"{DAY.total_seconds():g}s", "exp_samples": []}],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "2m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
    command = [program("promtool"), "test", "rules", str(tmp_path / "test.yml")]
    ran = subprocess.run(command, capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
