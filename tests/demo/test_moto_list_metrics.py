"""Proves that the box's ListMetrics lists what GetMetricData answers for, in pages, as AWS does."""

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


def test_pages_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page the same is listed as at once, an account's own metrics among it."""
    at_once = listed()
    monkeypatch.setattr(moto_list_metrics, "PAGE", 7)
    assert listed() == at_once
    assert ("ConcurrentExecutions", {}) in at_once


def test_what_was_silent_is_not_listed() -> None:
    """An error that never happened has no metric in CloudWatch."""
    found = listed(Namespace="AWS/Events", RecentlyActive="PT3H")
    assert {metric for metric, _ in found} == {"TriggeredRules", "Invocations"}


@pytest.mark.parametrize("wrong", [{"RecentlyActive": "PT1H"}, {"NextToken": "x"}])
def test_what_aws_would_not_take_is_refused(wrong: dict[str, str]) -> None:
    """Any other span than three hours, or somebody else's token."""
    with pytest.raises(moto_list_metrics.ListMetricsError):
        listed(**wrong)


def test_the_box_lists_in_boto3s_protocol(box_cloud: EmulatedAws) -> None:
    """A client sees what a test sees."""
    metrics = box_cloud.client("cloudwatch").list_metrics(Namespace="AWS/DAX", RecentlyActive="PT3H")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {
        f"{kind}Cache{what}" for kind in ("Item", "Query") for what in ("Hits", "Misses")
    }
