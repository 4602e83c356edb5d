"""The sandbox's ListMetrics lists the metrics with datapoints, in pages like AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo import moto_list_metrics
from demo.emulated_aws import EmulatedAws
from demo.load import Load

ACCOUNT = "123456789012"
LOAD = Load(now=lambda: datetime(2026, 5, 4, 12, tzinfo=UTC))


def listed(**parameters: Any) -> list[tuple[str, dict[str, str]]]:
    """The metrics and dimensions of every page."""
    found: list[tuple[str, dict[str, str]]] = []
    token: dict[str, str] = {}
    while True:
        page = moto_list_metrics.list_metrics_response(LOAD, {**parameters, **token}, ACCOUNT)
        found += [(each["MetricName"], {d["Name"]: d["Value"] for d in each["Dimensions"]}) for each in page["Metrics"]]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def test_the_pages_together_hold_every_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages together are equal to one large page, with the metrics of the account itself."""
    one_page = listed()
    monkeypatch.setattr(moto_list_metrics, "PAGE_SIZE", 7)
    assert listed() == one_page
    assert ("ConcurrentExecutions", {}) in one_page


def test_a_metric_without_datapoints_is_not_listed() -> None:
    """CloudWatch has no metric of an error that never occurred."""
    found = listed(Namespace="AWS/Events", RecentlyActive="PT3H")
    assert {metric for metric, _ in found} == {"TriggeredRules", "Invocations"}


@pytest.mark.parametrize("wrong", [{"RecentlyActive": "PT1H"}, {"NextToken": "x"}])
def test_an_invalid_request_is_an_error(wrong: dict[str, str]) -> None:
    """RecentlyActive other than PT3H and an unknown token are errors."""
    with pytest.raises(moto_list_metrics.ListMetricsError):
        listed(**wrong)


def test_boto3_can_list_metrics(box_cloud: EmulatedAws) -> None:
    """ListMetrics works over HTTP in boto3's protocol."""
    metrics = box_cloud.client("cloudwatch").list_metrics(Namespace="AWS/DAX", RecentlyActive="PT3H")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {
        f"{kind}Cache{what}" for kind in ("Item", "Query") for what in ("Hits", "Misses")
    }
