"""The page docs/metrics.md names every metric that the exporter may expose, with its source."""

from __future__ import annotations

import re

import pytest

from basewatch.collector import Collector, MetricSpec
from basewatch.components import Queue
from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.limit_readers import FAMILIES
from collectors.specs import Namespace
from exposition.history_metrics import HISTORY_FAMILIES
from exposition.notification_metrics import NOTIFICATION_FAMILIES
from exposition.own_metrics import OWN_FAMILIES
from generate.metrics_page import metrics_page

PAGE = metrics_page(COLLECTORS)
SPECS = [spec for collector in COLLECTORS for spec in collector.specs]


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table, without the heads."""
    lines = (line for line in page.splitlines() if line.startswith("| `"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_series_has_a_row() -> None:
    """The page names every exported metric once; only metrics shared by both kinds of API come twice."""
    named = [row[0].strip("`| ") for row in rows(PAGE)]
    expected = {
        spec.series_name + ("{" + f'quantile="{spec.labels[0][1]}"' + "}" if spec.labels else "") for spec in SPECS
    }
    expected |= {family.name for family in (*FAMILIES, *OWN_FAMILIES, *HISTORY_FAMILIES, *NOTIFICATION_FAMILIES)}
    expected |= {each.name + "_total" * (each.type == "counter") for each in ExporterMetrics().registry.collect()}
    assert set(named) == expected
    assert {name for name in named if named.count(name) > 1} == {
        f"aws_apigateway_{word}_total" for word in ("requests", "client_errors", "server_errors")
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.series_name}-{spec.metric}-{spec.statistic}")
def test_a_row_says_where_its_series_comes_from(spec: MetricSpec) -> None:
    """A row has type, CloudWatch metric, unit, period and tier, and the labels of the resource."""
    cells = [spec.type.value, f"{spec.metric} {spec.statistic}", spec.unit.value]
    cells += [f"{spec.period.total_seconds():.0f} s", spec.tier.value]
    found = [
        row for row in rows(PAGE) if row[2:] == cells and row[0].strip("`| ").partition("{")[0] == spec.series_name
    ]
    assert found
    account = spec.series_name.startswith("aws_lambda_account_") or spec.series_name == "aws_dynamodb_user_errors_total"
    assert all(bool(row[1]) is not account for row in found)


def test_a_row_has_the_labels_of_the_resource() -> None:
    """The labels column has the labels that a query can select."""
    labels = {row[0].strip("`| "): re.findall(r"`(\w+)`", row[1]) for row in rows(PAGE) if len(row) > 3}
    assert labels["aws_apigateway_requests_total"] == ["api", "stage", "api_type"]
    assert labels["aws_dynamodb_throttled_requests_total"] == ["table_name", "operation"]
    assert labels["aws_rds_volume_used_bytes"] == ["db_cluster"]


def test_a_collector_without_discovery_has_a_table() -> None:
    """A plug-in's collector of declared resources has a table, too."""
    spec = Namespace(name="Own/Space").counter("own_things_total", "Things")
    page = metrics_page([Collector(name="own", component_type=Queue, resources=lambda _queue: iter(()), specs=(spec,))])
    assert "\n## own\n\nMetrics of each queue, from `Own/Space`.\n" in page
    assert "| `own_things_total` |  | counter | Things Sum | count | 60 s | standard |\n" in page
