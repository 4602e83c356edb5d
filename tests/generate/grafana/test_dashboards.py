"""The dashboards are what Grafana takes, and every number they ask for is exported or recorded by a generated rule."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from basewatch.config.loading import load
from generate.grafana import DASHBOARDS
from generate.grafana.dashboard_model import COLUMNS, Dashboard
from tests.exported import exported_names, metric_names
from tests.repository import ROOT

CONFIG = load(ROOT / "config.yaml").config
MADE = [pytest.param(make(CONFIG), id=name) for name, make in DASHBOARDS.items()]
SCHEMA = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "basewatch/grafana/dashboard.schema.json"
RECORDED = "slo:"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Grafana's own schema; where it could not be made the test is skipped, but never in CI."""
    if SCHEMA.is_file():
        made: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
        # By its own description it "should be a regular DataQuery"; as it stands it fits Grafana's own marks alone.
        made["definitions"]["AnnotationTarget"] = {"type": "object", "required": ["refId", "expr"]}
        return made
    if os.environ.get("CI"):
        pytest.fail("Grafana's schema is missing in CI: see .ci/parts")
    pytest.skip("needs Grafana's schema: `make parts` makes it where there is npm")


@pytest.mark.parametrize("dashboard", MADE)
def test_grafana_takes_every_dashboard(dashboard: Dashboard, schema: dict[str, Any]) -> None:
    """Each is what Grafana's own types say that a dashboard is."""
    jsonschema.Draft7Validator(schema).validate(json.loads(json.dumps(dashboard.as_json())))


@pytest.mark.parametrize("dashboard", MADE)
def test_every_metric_on_a_dashboard_is_exported(dashboard: Dashboard) -> None:
    """Each expression is PromQL, and reads nothing but what Basewatch exports and what its rules record."""
    read = {name for expression in dashboard.expressions for name in metric_names(expression)}
    assert {name for name in read if not name.startswith(RECORDED)} <= exported_names()
    assert read


@pytest.mark.parametrize("dashboard", MADE)
def test_a_choice_is_made_of_what_is_exported(dashboard: Dashboard) -> None:
    """Each variable lists the values of a label of a series that exists."""
    for variable in dashboard.variables:
        series, _, label = variable.query.rpartition(", ")
        assert label.isidentifier()
        assert all(name.startswith(RECORDED) for name in metric_names(series) - exported_names())


@pytest.mark.parametrize("dashboard", MADE)
def test_no_panel_lies_on_another(dashboard: Dashboard) -> None:
    """Each square of the grid belongs to one panel at most, and every panel lies within the 24 columns."""
    taken = set[tuple[int, int]]()
    for panel in dashboard.as_json()["panels"]:
        place = panel["gridPos"]
        squares = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= COLUMNS
        assert not squares & taken
        taken |= squares


def test_every_dashboard_keeps_an_address_of_its_own() -> None:
    """A uid stands once, so that importing one never replaces another."""
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


@pytest.mark.parametrize("dashboard", MADE)
def test_a_panel_says_what_it_shows(dashboard: Dashboard) -> None:
    """Within a dashboard no two panels have one title, and every line of a picture has a legend."""
    panels = [panel for row in dashboard.rows for panel in row.panels]
    assert len({panel.title for panel in panels}) == len(panels)
    assert all(query.legend for panel in panels if panel.kind == "timeseries" for query in panel.queries)
