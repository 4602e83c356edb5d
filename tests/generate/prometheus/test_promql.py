"""PromQL and Prometheus' templates read every resource name back unchanged."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import promql_parser
import yaml
from hypothesis import given
from hypothesis import strategies as st
from promql_parser import VectorSelector

from basewatch.quantities import parse_duration
from generate.prometheus.promql import escape_template, number, promql_duration, quoted, selector
from generate.prometheus.rule_model import rules_file
from tests.generate.prometheus.platform import alerts, the_groups, the_platform
from tests.programs import program

NASTY = "a\"b\\c{{ $labels.job }}'}{|é #: x"


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"])))
)
def test_every_value_is_read_back(labels: dict[str, str]) -> None:
    """The matchers of a selector are exactly its labels."""
    parsed = promql_parser.parse(selector("metric", labels))
    assert isinstance(parsed, VectorSelector)
    assert {matcher.name: matcher.value for matcher in parsed.matchers.matchers} == labels


@given(st.integers(1, 400 * 24 * 3600 * 1000))
def test_a_duration_is_read_back(milliseconds: int) -> None:
    """Prometheus reads a duration of whole milliseconds as the same length; only unambiguous units are used."""
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(promql_duration(length)) == length
    assert not re.search("[wy]", promql_duration(length))


def test_numbers_have_no_rounding_noise() -> None:
    """1 - 0.999 is written as 0.001."""
    assert (number(1 - 0.999), number(14.4 * (1 - 0.999)), number(500)) == ("0.001", "0.0144", "500")


@given(st.text())
def test_a_text_without_braces_is_unchanged(text: str) -> None:
    """A text without a template marker is not escaped."""
    assert escape_template(text) == text or "{{" in text
    assert quoted(text).startswith('"')


def test_a_hostile_name_is_data_everywhere(tmp_path: Path) -> None:
    """A name with a template, a quote and a comment selects its resource, and is unchanged in every text."""
    platform = the_platform().model_dump(mode="json")
    platform["components"]["queues"][0]["name"] = NASTY
    config = type(the_platform()).model_validate(platform)
    (tmp_path / "rules.yml").write_text(rules_file(the_groups(config)), encoding="utf-8")
    [rule] = [alert for alert in alerts(the_groups(config)) if alert.alert == "QueueMessageAgeHigh"]
    place = {"aws_account_id": "123456789012", "aws_region": "us-east-1", "queue_name": NASTY}
    labels = {"component": f"queue/{NASTY}", "collector": "sqs", "check": rule.labels["check"], "severity": "warning"}
    annotations = {
        "summary": f"{NASTY}: the oldest message is 10m 1s old, promised below 10m for 5m",
        **{name: text for name, text in rule.annotations.items() if name != "summary"},
    }
    expected = [{"exp_labels": {**place, **labels}}]
    fires = {"alertname": "QueueMessageAgeHigh", "eval_time": "20m", "exp_alerts": expected}
    fires["exp_alerts"][0]["exp_annotations"] = annotations  # type: ignore[index]  # one alert, as above
    series = {"series": selector("aws_sqs_oldest_message_age_seconds", place), "values": "601+0x30"}
    test = {"interval": "1m", "input_series": [series], "alert_rule_test": [fires]}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [program("promtool"), "test", "rules", str(tmp_path / "test.yml")]
    ran = subprocess.run(command, capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
