"""Proves that the box's ListMetrics filters, pages and refuses as AWS does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from demo import moto_listing
from demo.load import PREFIX, Load
from demo.moto_backends import ACCOUNT
from demo.moto_listing import Refused, answer

LOAD = Load(now=lambda: datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC))


def test_a_metric_is_listed_by_its_namespace_and_name() -> None:
    """One function's invocations are one metric, with exactly its dimensions."""
    metrics = answer(LOAD, {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "RecentlyActive": "PT3H"}, ACCOUNT)
    dimensions = [{"Name": "FunctionName", "Value": f"{PREFIX}-auth-v2"}]
    listed = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    assert listed in metrics["Metrics"]
    assert "OwningAccounts" not in metrics


def test_what_was_never_published_is_not_listed() -> None:
    """Throttle events that did not happen have no metric."""
    asked = {"Namespace": "AWS/DynamoDB", "MetricName": "WriteThrottleEvents"}
    assert answer(LOAD, asked, ACCOUNT)["Metrics"] == []


def test_a_monitoring_account_is_told_the_owners() -> None:
    """One for each metric, beside them."""
    metrics = answer(LOAD, {"Namespace": "AWS/Lambda", "IncludeLinkedAccounts": True}, ACCOUNT)
    assert metrics["OwningAccounts"] == [ACCOUNT] * len(metrics["Metrics"])


def test_a_listing_goes_on_where_its_page_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every metric comes once, and the last page has no token."""
    whole = answer(LOAD, {}, ACCOUNT)["Metrics"]
    monkeypatch.setattr(moto_listing, "PAGE", 50)
    paged, token = [], {"NextToken": "0"}
    while token:
        page = answer(LOAD, token, ACCOUNT)
        paged += page["Metrics"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert len(whole) > 50
    assert paged == whole


@pytest.mark.parametrize(
    "parameters", [{"RecentlyActive": "PT1H"}, {"NextToken": "x"}, {"Dimensions": [{"Name": "d"}]}]
)
def test_what_is_not_to_be_answered_is_refused(parameters: dict[str, object]) -> None:
    """A span other than three hours, a token that is none, and filters that nobody here asks by."""
    with pytest.raises(Refused):
        answer(LOAD, parameters, ACCOUNT)
