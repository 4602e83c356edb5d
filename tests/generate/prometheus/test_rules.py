"""Prometheus accepts every generated rule, and each alert fires when it should and only then."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config
from basewatch.config.loading import load
from basewatch.quantities import parse_duration
from generate.prometheus.rule_context import MIN_RATE_WINDOW
from generate.prometheus.rule_model import AlertRule, RecordingRule, rules_file
from generate.prometheus.rules import TEMPLATES
from generate.prometheus.slo_events import SLOW_MINUTE
from tests.exported import exported_names, label_matches, metric_names, telemetry_labels
from tests.generate.prometheus import examples_platform, examples_watch
from tests.generate.prometheus.examples import Example
from tests.generate.prometheus.platform import alerts, records, the_groups, the_platform
from tests.programs import program
from tests.repository import ROOT

pytestmark = pytest.mark.slow

EXAMPLES: tuple[Example, ...] = (
    *examples_platform.promised(),
    *examples_platform.services(),
    *examples_platform.aurora(),
    *examples_watch.objectives(),
    *examples_watch.exporter(),
)
GROUPS = the_groups()


def chosen(example: Example) -> AlertRule:
    """The rule of an example; an empty label is one that the rule does not have."""
    found = [
        alert
        for alert in alerts(GROUPS)
        if alert.alert == example.alert
        and all(alert.labels.get(name, "") == value for name, value in example.of.items())
    ]
    assert len(found) == 1, f"{example.name} is about {len(found)} rules"
    return found[0]


def needed(alert: AlertRule, given: Iterable[str]) -> Iterator[RecordingRule]:
    """The recording rules that an alert reads, in order, without those whose series are given."""
    known = {series.partition("{")[0] for series in given}
    wanted = set(metric_names(alert.expr))
    for record in reversed(records(GROUPS)):
        if record.record in wanted:
            wanted |= metric_names(record.expr)
    slo = alert.labels.get("slo", "")
    yield from (r for r in records(GROUPS) if r.record in wanted - known and r.labels.get("slo", slo) == slo)


def written(example: Example, folder: Path) -> Path:
    """A unit test of promtool for an example, and the rules it needs."""
    alert = chosen(example)
    rules: tuple[RecordingRule | AlertRule, ...] = (*needed(alert, example.series), alert)
    (folder / f"{example.name}.rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "g", "rules": [rule.as_yaml() for rule in rules]}]})
    )
    counted = any(rule.record == SLOW_MINUTE for rule in rules if isinstance(rule, RecordingRule))
    # Slow minutes are recorded every minute; long examples without them are evaluated less often.
    pace = 20 if example.minutes > 600 and not counted else example.step
    firing = f'(count(ALERTS{{alertname="{example.alert}",alertstate="firing"}}) or vector(0)) > bool 0'
    test = {
        "interval": f"{example.step}m",
        "input_series": [{"series": series, "values": values} for series, values in example.series.items()],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{example.minutes}m",
                "exp_samples": [{"labels": "{}", "value": int(example.fires)}],
            }
        ],
    }
    path = folder / f"{example.name}.test.yml"
    document = {"rule_files": [f"{example.name}.rules.yml"], "evaluation_interval": f"{pace}m", "tests": [test]}
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The output of promtool for every example, by name: empty if the result is as expected."""
    folder = tmp_path_factory.mktemp("examples")
    paths = [written(example, folder) for example in EXAMPLES]
    ran = subprocess.run(
        [program("promtool"), "test", "rules", *map(str, paths)], capture_output=True, check=False, text=True
    )
    outputs = re.split(r"^Unit Testing:\s+", ran.stdout, flags=re.MULTILINE)[1:]
    results = {Path(text.splitlines()[0].strip()).name.removesuffix(".test.yml"): text for text in outputs}
    return {name: "" if "SUCCESS" in text else text + ran.stderr for name, text in results.items()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_alert_fires_when_it_should_and_only_then(example: Example, verdicts: Mapping[str, str]) -> None:
    """Each example has the expected result in Prometheus' own evaluation."""
    assert verdicts[example.name] == ""


def test_every_alert_is_shown_to_fire_and_not_to_fire() -> None:
    """Every alerting rule has an example of both; only the watchdog always fires."""
    shown = {fires: {id(chosen(e)) for e in EXAMPLES if e.fires is fires} for fires in (True, False)}
    unshown = [
        (alert.alert, dict(alert.labels), fires)
        for alert in alerts(GROUPS)
        for fires in (True, False)
        if id(alert) not in shown[fires] and (alert.alert, fires) != ("Watchdog", False)
    ]
    assert unshown == []


def test_examples_have_unique_names() -> None:
    """No example replaces another."""
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def committed() -> Config:
    """The configuration that is committed."""
    return load(ROOT / "config.yaml", CHANNEL_TYPES).config


@pytest.mark.parametrize("config", [the_platform(), committed()], ids=["everything", "committed"])
def test_prometheus_accepts_the_rules(config: Config, tmp_path: Path) -> None:
    """`promtool check rules` reports no error, no lint and no duplicate."""
    (tmp_path / "rules.yml").write_text(rules_file(the_groups(config)), encoding="utf-8")
    ran = subprocess.run(
        [program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yml")],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_metric_that_is_read_is_exported() -> None:
    """Each expression reads exported metrics, recorded series or `up`; so do the committed rules."""
    for config in (the_platform(), committed()):
        rules = [rule for group in the_groups(config) for rule in group.rules]
        recorded = {rule.record for rule in rules if isinstance(rule, RecordingRule)}
        read = set[str]().union(*(metric_names(rule.expr) for rule in rules))
        assert sorted(read - recorded - exported_names() - {"up"}) == []


def test_every_label_that_is_matched_is_exported() -> None:
    """No rule selects Basewatch's own series by a label that they do not have: it could never fire."""
    labels = telemetry_labels()
    matched = set[tuple[str, str]]().union(*(label_matches(rule.expr) for group in GROUPS for rule in group.rules))
    assert {name for name, _ in matched} & labels.keys()
    assert {(name, label) for name, label in matched if label not in labels.get(name, {label})} == set()


def test_every_alert_is_explained() -> None:
    """docs/alerting-rules.md has a section for each alert name, and no other section."""
    assert {alert.alert for alert in alerts(GROUPS)} == {template.name for template in TEMPLATES}


def test_no_rate_window_is_shorter_than_the_delay_of_data() -> None:
    """No window is below five minutes, and no rule uses irate."""
    for group in GROUPS:
        for rule in group.rules:
            assert "irate" not in rule.expr
            windows = map(parse_duration, re.findall(r"\[(\w+)\]", rule.expr))
            assert min(windows, default=MIN_RATE_WINDOW) >= MIN_RATE_WINDOW


def test_every_alert_has_a_severity_and_annotations() -> None:
    """Each alert has one of the three severities and the four annotations."""
    for alert in alerts(GROUPS):
        assert alert.labels["severity"] in ("critical", "warning", "info")
        assert set(alert.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
        assert alert.annotations["runbook_url"].startswith("https://docs.example.com/alerting-rules.md#")
        assert alert.annotations["dashboard_url"].startswith("https://grafana.example.com/d/basewatch-")
