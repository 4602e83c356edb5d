"""Grafana accepts the dashboards, and every metric on them is exported or recorded by a generated rule."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from generate.grafana import DASHBOARDS
from generate.grafana.dashboard_model import COLUMNS, Dashboard
from tests.exported import exported_names, label_matches, metric_names, telemetry_labels
from tests.repository import ROOT

CONFIG = load(ROOT / "config.yaml", CHANNEL_TYPES).config
DASHBOARDS_OF_CONFIG = [pytest.param(make(CONFIG), id=name) for name, make in DASHBOARDS.items()]
SCHEMA = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "basewatch/grafana/dashboard.schema.json"
RECORDED = "slo:"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Grafana's own schema; without it the test is skipped, but not in CI."""
    if SCHEMA.is_file():
        document: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
        # By its own description it "should be a regular DataQuery"; as published it only accepts Grafana's own.
        document["definitions"]["AnnotationTarget"] = {"type": "object", "required": ["refId", "expr"]}
        return document
    if os.environ.get("CI"):
        pytest.fail("Grafana's schema is missing in CI: see .ci/parts")
    pytest.skip("needs Grafana's schema: `make parts` makes it where there is npm")


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_grafana_accepts_every_dashboard(dashboard: Dashboard, schema: dict[str, Any]) -> None:
    """Each dashboard conforms to Grafana's own types."""
    jsonschema.Draft7Validator(schema).validate(json.loads(json.dumps(dashboard.as_json())))


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_every_metric_on_a_dashboard_is_exported(dashboard: Dashboard) -> None:
    """Each expression is PromQL and reads only exported metrics and recorded series."""
    read = {name for expression in dashboard.expressions for name in metric_names(expression)}
    assert {name for name in read if not name.startswith(RECORDED)} <= exported_names()
    assert read


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_every_label_that_is_matched_is_exported(dashboard: Dashboard) -> None:
    """No panel is empty because it selects Basewatch's own series by a label that they do not have."""
    labels = telemetry_labels()
    matched = {match for expression in dashboard.expressions for match in label_matches(expression)}
    assert {(name, label) for name, label in matched if label not in labels.get(name, {label})} == set()


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_a_variable_has_the_values_of_an_exported_label(dashboard: Dashboard) -> None:
    """Each variable lists the values of a label of an exported series."""
    for variable in dashboard.variables:
        series, _, label = variable.query.rpartition(", ")
        assert label.isidentifier()
        assert all(name.startswith(RECORDED) for name in metric_names(series) - exported_names())


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_panels_do_not_overlap(dashboard: Dashboard) -> None:
    """Each grid cell belongs to at most one panel, and every panel is within the 24 columns."""
    taken = set[tuple[int, int]]()
    for panel in dashboard.as_json()["panels"]:
        place = panel["gridPos"]
        squares = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= COLUMNS
        assert not squares & taken
        taken |= squares


def test_every_dashboard_has_a_stable_uid() -> None:
    """Uids are unique and stable, so that an import never replaces another dashboard."""
    uids = [make(CONFIG).uid for make in DASHBOARDS.values()]
    assert uids == [
        "basewatch-slo",
        "basewatch-api",
        "basewatch-lambda",
        "basewatch-aurora",
        "basewatch-dynamodb",
        "basewatch-exporter",
        "basewatch-findings",
    ]


@pytest.mark.parametrize("dashboard", DASHBOARDS_OF_CONFIG)
def test_panels_have_unique_titles_and_legends(dashboard: Dashboard) -> None:
    """Panel titles are unique in a dashboard, and every time series has a legend."""
    panels = [panel for row in dashboard.rows for panel in row.panels]
    assert len({panel.title for panel in panels}) == len(panels)
    assert all(query.legend for panel in panels if panel.kind == "timeseries" for query in panel.queries)
