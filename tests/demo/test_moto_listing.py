"""Proves that the box's ListMetrics lists what GetMetricData answers for, in pages, as AWS does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo import moto_listing
from demo.cloud import Cloud
from demo.load import PREFIX, Load

LOAD = Load(now=lambda: datetime(2026, 5, 4, 12, tzinfo=UTC))


def listed(**parameters: Any) -> list[tuple[str, dict[str, str]]]:
    """The metrics and dimensions of every page."""
    found: list[tuple[str, dict[str, str]]] = []
    token: dict[str, str] = {}
    while True:
        page = moto_listing.listed(LOAD, {**parameters, **token})
        found += [(each["MetricName"], {d["Name"]: d["Value"] for d in each["Dimensions"]}) for each in page["Metrics"]]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def test_everything_that_has_a_value_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page, every metric of the load is there."""
    monkeypatch.setattr(moto_listing, "PAGE", 7)
    assert len(listed()) == len(set(LOAD.metrics))
    assert ("ConcurrentExecutions", {}) in listed()


def test_a_filter_lets_through_what_has_other_dimensions_besides() -> None:
    """Asked for a table's, its operations' metrics are listed as well."""
    table = {"Name": "TableName", "Value": f"{PREFIX}-customers"}
    found = listed(Namespace="AWS/DynamoDB", Dimensions=[table])
    assert {frozenset(dimensions) for _, dimensions in found} == {
        frozenset({"TableName"}),
        frozenset({"TableName", "Operation"}),
    }
    assert {dimensions["TableName"] for _, dimensions in found} == {table["Value"]}
    assert listed(MetricName="Invocations", Namespace="AWS/DynamoDB") == []


def test_what_was_silent_is_not_recently_active() -> None:
    """An error that never happened is known, and was not active within three hours."""
    asked = {"Namespace": "AWS/Events", "RecentlyActive": "PT3H"}
    assert {metric for metric, _ in listed(**asked)} == {"TriggeredRules", "Invocations"}


def test_the_box_lists_in_boto3s_protocol(box_cloud: Cloud) -> None:
    """A client sees what a test sees."""
    metrics = box_cloud.client("cloudwatch").list_metrics(Namespace="AWS/DAX", RecentlyActive="PT3H")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {
        f"{kind}Cache{what}" for kind in ("Item", "Query") for what in ("Hits", "Misses")
    }
