"""The sandbox's GetMetricData validates requests and pages responses like AWS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.load import PREFIX, Load
from demo.moto_metric_data import GetMetricDataError, InvalidNextToken, metric_data_response

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
NOON = NOW.replace(second=0)
AUTH = f"{PREFIX}-auth-v2"


def query(identifier: str = "q0", *, name: str = AUTH, period: int = 60, statistic: str = "Sum") -> dict[str, Any]:
    """A MetricDataQuery for the invocations of a function."""
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
    }
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}


def metric_data(*queries: dict[str, Any], minutes: int = 10, **more: Any) -> dict[str, Any]:
    """The response of GetMetricData for the last minutes before noon."""
    parameters = {
        "MetricDataQueries": list(queries or (query(),)),
        "StartTime": NOON - timedelta(minutes=minutes),
        "EndTime": NOON,
        **more,
    }
    return metric_data_response(Load(now=lambda: NOW), parameters)


def test_points_are_stamped_with_the_start_of_their_period() -> None:
    """StartTime is inclusive and EndTime exclusive; the newest datapoint is first by default."""
    (result,) = metric_data()["MetricDataResults"]
    assert result["Timestamps"] == [NOON - timedelta(minutes=back) for back in range(1, 11)]
    assert result["StatusCode"] == "Complete"
    (ascending,) = metric_data(ScanBy="TimestampAscending")["MetricDataResults"]
    assert ascending["Timestamps"] == result["Timestamps"][::-1]
    assert ascending["Values"] == result["Values"][::-1]


def test_a_period_that_is_not_over_has_no_datapoint() -> None:
    """Only completed periods have a datapoint."""
    (result,) = metric_data(EndTime=NOW + timedelta(minutes=5))["MetricDataResults"]
    assert max(result["Timestamps"]) == NOON - timedelta(minutes=1)
    (long,) = metric_data(query(period=300), minutes=12)["MetricDataResults"]
    assert long["Timestamps"] == [NOON - timedelta(minutes=5), NOON - timedelta(minutes=10)]


def test_timestamps_can_be_numbers_of_seconds() -> None:
    """The timestamps of the JSON protocol give the same response."""
    seconds = metric_data(StartTime=(NOON - timedelta(minutes=10)).timestamp(), EndTime=NOON.timestamp())
    assert seconds == metric_data()


def test_a_metric_that_does_not_exist_is_complete_and_empty() -> None:
    """CloudWatch's responses for an idle function and for an absent one are equal."""
    (result,) = metric_data(query(name="other"))["MetricDataResults"]
    assert (result["Values"], result["StatusCode"]) == ([], "Complete")


def test_the_pages_together_hold_every_point_once() -> None:
    """All pages together are equal to one large page, and each has at most MaxDatapoints."""
    queries = (query("a"), query("b", statistic="p95"), query("c", name="other"))
    whole = {result["Id"]: result["Values"] for result in metric_data(*queries)["MetricDataResults"]}
    gathered: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    token, sizes, last = None, list[int](), dict[str, str]()
    while True:
        page = metric_data(*queries, MaxDatapoints=7, **({"NextToken": token} if token else {}))
        sizes.append(sum(len(result["Values"]) for result in page["MetricDataResults"]))
        for result in page["MetricDataResults"]:
            gathered[result["Id"]] += result["Values"]
            last[result["Id"]] = result["StatusCode"]
        token = page.get("NextToken")
        if not token:
            break
    assert gathered == whole
    assert sizes == [7, 7, 6]
    assert set(last.values()) == {"Complete"}


def test_an_unfinished_series_is_partial_data() -> None:
    """A series that continues on the next page has the status PartialData."""
    (result,) = metric_data(MaxDatapoints=7)["MetricDataResults"]
    assert result["StatusCode"] == "PartialData"


INVALID: dict[str, Callable[[], Any]] = {
    "no query": lambda: metric_data(MetricDataQueries=[]),
    "501 queries": lambda: metric_data(*(query(f"q{number}") for number in range(501))),
    "an id twice": lambda: metric_data(query(), query()),
    "an id in capitals": lambda: metric_data(query("Q0")),
    "a period of 45 s": lambda: metric_data(query(period=45)),
    "an unknown statistic": lambda: metric_data(query(statistic="median")),
    "an expression": lambda: metric_data({"Id": "e", "Expression": "q0 * 2"}),
    "an end before the start": lambda: metric_data(minutes=-1),
    "too many datapoints": lambda: metric_data(MaxDatapoints=100_801),
    "an unknown order": lambda: metric_data(ScanBy="Newest"),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_request_is_an_error(case: str) -> None:
    """A request that AWS rejects is an error, never an empty response."""
    with pytest.raises(GetMetricDataError):
        INVALID[case]()


@pytest.mark.parametrize("token", ["7", "x.y", "7.0123456789abcdef"])
def test_a_token_of_another_request_is_an_error(token: str) -> None:
    """A NextToken is valid only with its own request."""
    with pytest.raises(InvalidNextToken):
        metric_data(NextToken=token)
