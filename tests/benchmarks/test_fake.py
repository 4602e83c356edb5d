"""The fake CloudWatch applies AWS's rules, tested with botocore in both protocols."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.cloudwatch import metric_values
from benchmarks.cloudwatch.metric_values import SampleKind
from benchmarks.cloudwatch.processes import ACCOUNT, FakeProcess
from tests.benchmarks.conftest import FAKE_SETTINGS, NOW, MakeClient


@pytest.fixture(autouse=True)
def usual(fake: FakeProcess) -> Iterator[None]:
    """Resets the counts before a test and the settings after it."""
    fake.reset()
    yield
    fake.configure(**asdict(FAKE_SETTINGS))


def _query(
    identifier: str, metric: str = "Invocations", stat: str = "Sum", *, number: int = 0, period: int = 60, **more: Any
) -> dict[str, Any]:
    return _named(identifier, f"function-{number:05}", metric, stat, period=period, **more)


def _named(
    identifier: str, name: str, metric: str = "Invocations", stat: str = "Sum", *, period: int = 60, **more: Any
) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": name}]
    named = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": identifier, "MetricStat": {"Metric": named, "Period": period, "Stat": stat}, **more}


def _ask(cloudwatch: Any, *queries: dict[str, Any], start: int = NOW - 600, end: int = NOW, **more: Any) -> Any:
    span = {"StartTime": datetime.fromtimestamp(start, UTC), "EndTime": datetime.fromtimestamp(end, UTC)}
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **span, **more)


def _truth(number: int, minute: int, metric: str = "Invocations", kind: SampleKind = SampleKind.EVENTS) -> int:
    phase = metric_values.seed(ACCOUNT, "us-east-1", "AWS/Lambda", (("FunctionName", f"function-{number:05}"),))
    found = metric_values.statistic_sets(metric, kind, 0.0)[metric_values.state(phase, minute)]
    assert found is not None
    return found.sum


@pytest.mark.parametrize("cbor", [False, True])
def test_values_are_the_true_ones(client: MakeClient, *, cbor: bool) -> None:
    """Both protocols return the true value of each minute, in the requested order."""
    cloudwatch = client("cloudwatch", cbor=cbor)
    answer = _ask(cloudwatch, _query("q0", number=7), ScanBy="TimestampAscending")["MetricDataResults"][0]
    first = (NOW - 600) // 60
    assert answer["Values"] == [_truth(7, first + number) for number in range(10)]
    assert answer["Timestamps"][0] == datetime.fromtimestamp(NOW - 600, UTC)
    backwards = _ask(cloudwatch, _query("q0", number=7))["MetricDataResults"][0]
    assert backwards["Values"] == answer["Values"][::-1]


@pytest.mark.parametrize("cbor", [False, True])
@pytest.mark.parametrize(
    ("queries", "span"),
    [
        ([_query(f"q{number}") for number in range(501)], {}),
        ([_query("q0"), _query("q0", "Errors")], {}),
        ([_query("Q0")], {}),
        ([_query("q0", period=90)], {}),
        ([_query("q0", stat="Median")], {}),
        ([_query("q0")], {"start": NOW, "end": NOW - 60}),
        ([_query("q0", period=300)], {"start": NOW - 660}),
    ],
)
def test_invalid_requests_are_rejected(
    client: MakeClient, queries: list[dict[str, Any]], span: dict[str, int], *, cbor: bool
) -> None:
    """More than 500 queries, invalid or duplicate ids, odd periods, statistics and windows are ValidationErrors."""
    with pytest.raises(ClientError) as refused:
        _ask(client("cloudwatch", cbor=cbor), *queries, **span)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_pages_are_limited(fake: FakeProcess, client: MakeClient) -> None:
    """A page has at most the allowed datapoints; a cut query is PartialData, and nothing is lost or repeated."""
    fake.configure(max_datapoints=25)
    cloudwatch, token, got, pages = client("cloudwatch"), dict[str, Any](), dict[str, list[float]](), list[int]()
    while True:
        page = _ask(cloudwatch, *(_query(f"q{number}", number=number) for number in range(7)), **token)
        for result in page["MetricDataResults"]:
            got.setdefault(result["Id"], []).extend(result["Values"])
        pages.append(sum(len(result["Values"]) for result in page["MetricDataResults"]))
        token = {"NextToken": page.get("NextToken")}
        if token["NextToken"] is None:
            break
        assert page["MetricDataResults"][-1]["StatusCode"] == ("PartialData" if len(pages) % 2 else "Complete")
    assert pages == [25, 25, 20]
    first = (NOW - 600) // 60
    assert got == {f"q{one}": [_truth(one, first + at) for at in reversed(range(10))] for one in range(7)}
    assert fake.stats()["queries"] == 7


@pytest.mark.parametrize("quota", [{"calls_per_second": 3}, {"datapoints_per_second": 30}])
def test_quotas_are_applied(fake: FakeProcess, client: MakeClient, quota: dict[str, float]) -> None:
    """Of concurrent calls, one second's worth of calls, or of datapoints, passes; the rest is throttled."""
    fake.configure(**quota)
    cloudwatch = client("cloudwatch")

    def code(_: int) -> str:
        try:
            _ask(cloudwatch, _query("q0"))
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        return ""

    started = time.monotonic()
    with ThreadPoolExecutor(10) as threads:
        codes = list(threads.map(code, range(40)))
    # The quota allows three calls at once, one that overdraws, and three for each further second.
    assert 3 <= codes.count("") <= 1 + 3 * (1 + time.monotonic() - started)
    assert set(codes) == {"", "Throttling: Rate exceeded"}


def test_late_data_grows_until_it_is_complete(fake: FakeProcess, client: MakeClient) -> None:
    """Late data is below the true value, then equal; a quarter of the resources show nothing at first."""
    fake.configure(late_minutes=4, now=NOW + 60)
    queries = [_query(f"q{number}", number=number) for number in range(40)]
    cloudwatch, minute = client("cloudwatch"), NOW // 60
    young = _ask(cloudwatch, *queries, start=NOW, end=NOW + 60)["MetricDataResults"]
    fake.configure(now=NOW + 300)
    whole = _ask(cloudwatch, *queries, start=NOW, end=NOW + 60)["MetricDataResults"]
    assert [result["Values"] for result in whole] == [[_truth(number, minute)] for number in range(40)]
    seen = [result["Values"] for result in young]
    assert 0 < sum(not one for one in seen) < 20
    assert all(one[0] < result["Values"][0] for one, result in zip(seen, whole, strict=True) if one)


def test_failures_are_reported_for_each_result(fake: FakeProcess, client: MakeClient) -> None:
    """InternalError has no values, PartialData some, Forbidden stays for the same metric, and a fault is HTTP 500."""
    fake.configure(internal_error_ratio=0.3, partial_ratio=0.3, forbidden_ratio=0.2)
    queries = [_query(f"q{number}", number=number) for number in range(200)]
    cloudwatch = client("cloudwatch")
    one, two = (_ask(cloudwatch, *queries)["MetricDataResults"] for _ in range(2))
    assert {result["StatusCode"] for result in one} == {"InternalError", "PartialData", "Forbidden", "Complete"}
    assert {len(result["Values"]) for result in one if result["StatusCode"] == "PartialData"} == {5}
    forbidden = [{result["Id"] for result in page if result["StatusCode"] == "Forbidden"} for page in (one, two)]
    assert forbidden[0] == forbidden[1]
    fake.configure(fault_ratio=1)
    with pytest.raises(ClientError, match="InternalServiceFault"):
        _ask(cloudwatch, *queries)


@pytest.mark.parametrize("cbor", [False, True])
def test_metrics_are_listed_to_the_end(client: MakeClient, *, cbor: bool) -> None:
    """All metrics are listed once, 500 a page."""
    pages = list(client("cloudwatch", cbor=cbor).get_paginator("list_metrics").paginate(
        Namespace="AWS/Lambda", MetricName="Invocations", RecentlyActive="PT3H"
    ))  # fmt: skip
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 200]
    names = {metric["Dimensions"][0]["Value"] for page in pages for metric in page["Metrics"]}
    assert len(names) == 1200


def test_linked_accounts_are_listed_and_answered(fake: FakeProcess, client: MakeClient) -> None:
    """A monitoring account lists and reads what is shared with it, and is forbidden everything else."""
    fake.configure(linked_accounts="210987654321")
    cloudwatch = client("cloudwatch")
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="AWS/Lambda", MetricName="Errors", IncludeLinkedAccounts=True
    )
    owners = [owner for page in pages for owner in page["OwningAccounts"]]
    assert (owners.count(ACCOUNT), owners.count("210987654321")) == (1200, 1200)
    requested = [
        _query(name, AccountId=owner) for name, owner in (("a", ACCOUNT), ("b", "210987654321"), ("c", "9" * 12))
    ]
    own, other, strange = _ask(cloudwatch, *requested)["MetricDataResults"]
    assert own["Values"] != other["Values"] != []
    assert strange["StatusCode"] == "Forbidden"


def test_a_tenth_of_the_fleet_is_replaced_at_a_time(fake: FakeProcess, client: MakeClient) -> None:
    """After one churn interval a tenth of the functions has new names, whose lives begin where the old ones end."""
    fake.configure(churn_seconds=600)
    cloudwatch = client("cloudwatch")

    def names() -> set[str]:
        pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/Lambda", MetricName="Errors")
        return {metric["Dimensions"][0]["Value"] for page in pages for metric in page["Metrics"]}

    before = names()
    fake.configure(now=NOW + 600)
    new = min(names() - before)
    assert len(names() - before) == 120
    fake.configure(now=NOW + 1200)
    stem, _, generation = new.rpartition("-g")
    old = f"{stem}-g{int(generation) - 1}"
    results = _ask(cloudwatch, _named("old", old), _named("new", new), start=NOW, end=NOW + 1200)["MetricDataResults"]
    lives = [sorted(int(at.timestamp()) for at in result["Timestamps"]) for result in results]
    assert lives == [list(range(NOW, NOW + 600, 60)), list(range(NOW + 600, NOW + 1200, 60))]


def test_expired_keys_are_rejected(fake: FakeProcess, client: MakeClient) -> None:
    """An assumed role's keys expire after `session_seconds`; those of a new session work."""
    fake.configure(session_seconds=60)
    role = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/reader", "RoleSessionName": "benchmark"}

    def assumed() -> Any:
        keys = client("sts").assume_role(**role)["Credentials"]
        return client(
            "cloudwatch",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    cloudwatch = assumed()
    assert _ask(cloudwatch, _query("q0"))["MetricDataResults"][0]["Values"]
    fake.configure(now=NOW + 61)
    with pytest.raises(ClientError, match="ExpiredToken"):
        _ask(cloudwatch, _query("q0"))
    assert _ask(assumed(), _query("q0"))["MetricDataResults"][0]["Values"]


def test_metric_statistics_equal_metric_data(client: MakeClient) -> None:
    """GetMetricStatistics returns the same values as GetMetricData."""
    dimensions = [{"Name": "FunctionName", "Value": "function-00003"}]
    answer = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="Invocations", Dimensions=dimensions, Period=60,
        StartTime=NOW - 120, EndTime=NOW, Statistics=["Sum", "SampleCount"],
    )  # fmt: skip
    assert sorted(point["Sum"] for point in answer["Datapoints"]) == sorted(
        _truth(3, NOW // 60 - number) for number in (1, 2)
    )


def test_the_other_services_answer(client: MakeClient) -> None:
    """The operations that exporters use besides: identity, account alias, tags, and the list of APIs."""
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert client("iam").list_account_aliases()["AccountAliases"] == ["benchmark"]
    tagged = client("resourcegroupstaggingapi").get_paginator("get_resources")
    pages = list(tagged.paginate(ResourceTypeFilters=["lambda:function"]))
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [100] * 6
    assert len(client("apigateway").get_rest_apis()["items"]) == 10
    assert client("apigatewayv2").get_apis()["Items"] == []


def test_billed_metrics_are_counted(fake: FakeProcess, client: MakeClient) -> None:
    """Six statistics of one metric are two billed metrics in the lower estimate, and six in the upper."""
    statistics = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p99")
    _ask(client("cloudwatch"), *(_query(f"q{at}", "Duration", stat) for at, stat in enumerate(statistics)))
    counted = fake.stats()
    assert (counted["billed"], counted["queries"], counted["distinct_metrics"]) == (2, 6, 1)
    assert counted["datapoints"] == 60


def test_describe_operations_list_the_fleet(client: MakeClient) -> None:
    """Lambda lists its functions page by page and returns its limit; RDS lists its instances."""
    pages = list(client("lambda").get_paginator("list_functions").paginate())
    assert [len(page["Functions"]) for page in pages] == [50] * 24
    assert client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    described = client("rds").describe_db_instances()["DBInstances"]
    assert [one["DBInstanceIdentifier"] for one in described][:2] == ["instance-00000", "instance-00001"]
    assert client("rds").describe_db_clusters()["DBClusters"] == []
