"""Proves that the box's GetMetricData refuses and pages as AWS does, in boto3's protocol."""

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


def asked(*queries: dict[str, Any], minutes: int = 10, **more: Any) -> dict[str, Any]:
    """GetMetricData's answer over the last minutes before noon."""
    parameters = {
        "MetricDataQueries": list(queries or (query(),)),
        "StartTime": NOON - timedelta(minutes=minutes),
        "EndTime": NOON,
        **more,
    }
    return metric_data_response(Load(now=lambda: NOW), parameters)


def test_points_are_stamped_with_the_start_of_their_period() -> None:
    """StartTime is included and EndTime is not, newest first unless asked otherwise."""
    (result,) = asked()["MetricDataResults"]
    assert result["Timestamps"] == [NOON - timedelta(minutes=back) for back in range(1, 11)]
    assert result["StatusCode"] == "Complete"
    (ascending,) = asked(ScanBy="TimestampAscending")["MetricDataResults"]
    assert ascending["Timestamps"] == result["Timestamps"][::-1]
    assert ascending["Values"] == result["Values"][::-1]


def test_an_open_period_is_not_answered() -> None:
    """Only periods that are over have a datapoint."""
    (result,) = asked(EndTime=NOW + timedelta(minutes=5))["MetricDataResults"]
    assert max(result["Timestamps"]) == NOON - timedelta(minutes=1)
    (long,) = asked(query(period=300), minutes=12)["MetricDataResults"]
    assert long["Timestamps"] == [NOON - timedelta(minutes=5), NOON - timedelta(minutes=10)]


def test_numbers_of_seconds_are_moments_too() -> None:
    """The JSON protocol's timestamps mean the same."""
    seconds = asked(StartTime=(NOON - timedelta(minutes=10)).timestamp(), EndTime=NOON.timestamp())
    assert seconds == asked()


def test_what_does_not_exist_is_complete_and_empty() -> None:
    """CloudWatch does not tell a silent function from one that does not exist."""
    (result,) = asked(query(name="other"))["MetricDataResults"]
    assert (result["Values"], result["StatusCode"]) == ([], "Complete")


def test_pages_hold_every_point_once() -> None:
    """Following NextToken gives what one page would have, each page at most MaxDatapoints."""
    queries = (query("a"), query("b", statistic="p95"), query("c", name="other"))
    whole = {result["Id"]: result["Values"] for result in asked(*queries)["MetricDataResults"]}
    gathered: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    token, sizes, last = None, list[int](), dict[str, str]()
    while True:
        page = asked(*queries, MaxDatapoints=7, **({"NextToken": token} if token else {}))
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
    """What goes on on the next page is not said to be complete."""
    (result,) = asked(MaxDatapoints=7)["MetricDataResults"]
    assert result["StatusCode"] == "PartialData"


REFUSALS: dict[str, Callable[[], Any]] = {
    "no query": lambda: asked(MetricDataQueries=[]),
    "501 queries": lambda: asked(*(query(f"q{number}") for number in range(501))),
    "an id twice": lambda: asked(query(), query()),
    "an id in capitals": lambda: asked(query("Q0")),
    "a period of 45 s": lambda: asked(query(period=45)),
    "an unknown statistic": lambda: asked(query(statistic="median")),
    "an expression": lambda: asked({"Id": "e", "Expression": "q0 * 2"}),
    "an end before the start": lambda: asked(minutes=-1),
    "too many datapoints": lambda: asked(MaxDatapoints=100_801),
    "an unknown order": lambda: asked(ScanBy="Newest"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_aws_refuses_is_refused(why: str) -> None:
    """A request that AWS would not take is an error here too, never an empty answer."""
    with pytest.raises(GetMetricDataError):
        REFUSALS[why]()


@pytest.mark.parametrize("token", ["7", "x.y", "7.0123456789abcdef"])
def test_a_token_of_another_request_is_refused(token: str) -> None:
    """A NextToken only goes on with the request that it came from."""
    with pytest.raises(InvalidNextToken):
        asked(NextToken=token)
