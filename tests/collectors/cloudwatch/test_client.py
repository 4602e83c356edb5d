"""Proves that a client counts what it asks, paces itself with everybody else, and shares what it learns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.planner import Call
from tests.collectors.cloudwatch.examples import ACCOUNT, FOUR_MINUTES, REGION, call, queries, spec, target
from tests.collectors.cloudwatch.fake import (
    Asked,
    Behaviour,
    FakeCloudWatch,
    FakeSigner,
    Reply,
    Waiting,
    everything,
    ok,
    refusal,
    result,
    source,
)

PLACE = {"aws_account_id": ACCOUNT, "aws_region": REGION}
API = {"api": "GetMetricData"}


def value(telemetry: ExporterMetrics, name: str, labels: dict[str, str]) -> float | None:
    """One of Basewatch's own metrics."""
    return telemetry.registry.get_sample_value(name, labels)


def test_what_is_asked_is_counted(cloudwatch: FakeCloudWatch) -> None:
    """Requests, how long they took, queries, metrics and dollars in both readings, by collector."""
    telemetry = ExporterMetrics()
    functions = target("f", [spec("Duration", statistic) for statistic in ("Sum", "p95", "p99")])
    tables = target("t", [spec("Reads")], collector="dynamodb")
    source(FakeSigner(cloudwatch.url), telemetry=telemetry).fetch(Call(queries(functions, tables), FOUR_MINUTES))
    assert value(telemetry, "basewatch_api_requests_total", API | PLACE) == 1
    assert value(telemetry, "basewatch_api_request_duration_seconds_count", API) == 1
    assert value(telemetry, "basewatch_metric_queries_total", {"collector": "lambda"}) == 3
    assert value(telemetry, "basewatch_billable_metrics_total", {"collector": "lambda"}) == 1
    assert value(telemetry, "basewatch_billable_metrics_total", {"collector": "dynamodb"}) == 1
    cost = "basewatch_estimated_cost_dollars_total"
    assert value(telemetry, cost, {"collector": "lambda", "reading": "five_for_one"}) == pytest.approx(1e-5)
    assert value(telemetry, cost, {"collector": "lambda", "reading": "per_query"}) == pytest.approx(3e-5)


def test_only_what_was_answered_is_paid_for(cloudwatch: FakeCloudWatch) -> None:
    """A refused request costs nothing, a page of the same answer neither, and what is asked again costs again."""
    telemetry = ExporterMetrics()

    def half(asked: Asked) -> Reply:
        one, two = asked["MetricDataQueries"]
        return ok({"MetricDataResults": [result(one, asked), result(two, asked, "PartialData")], "NextToken": "t"})

    cloudwatch.then(refusal("Throttling"), half, lambda _asked: ok({"MetricDataResults": []}), everything)
    source(FakeSigner(cloudwatch.url), telemetry=telemetry).fetch(call(2))
    assert value(telemetry, "basewatch_api_requests_total", API | PLACE) == 4
    assert value(telemetry, "basewatch_metric_queries_total", {"collector": "lambda"}) == 2 + 1


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (refusal("Throttling"), "Throttling"),
        (refusal("InternalFailure", 500), "InternalFailure"),
        (lambda _asked: Reply(status=503, content=b"<html>"), "503"),
        (lambda _asked: Reply(content=b'{"MetricDataResults": []}', cut=True), "unreachable"),
        (lambda _asked: Reply(hang=True), "timeout"),
    ],
    ids=["throttled", "broken", "html", "cut", "hang"],
)
def test_a_failure_is_counted_by_what_it_was(cloudwatch: FakeCloudWatch, behaviour: Behaviour, code: str) -> None:
    """AWS' own code, the status of whoever stands before it, or our word for having got no answer."""
    telemetry, waiting = ExporterMetrics(), Waiting()
    cloudwatch.then(behaviour)
    patience = waiting.patience(read_seconds=0.1)
    ours = source(FakeSigner(cloudwatch.url), waiting, patience=patience, telemetry=telemetry)
    assert [answer.error for answer in ours.fetch(call()).answers] == [None, None]
    assert value(telemetry, "basewatch_api_request_failures_total", API | {"code": code}) == 1


def test_calls_wait_for_their_turn_and_that_is_counted(cloudwatch: FakeCloudWatch) -> None:
    """At one call a second, the fourth of four calls has waited three seconds."""
    waiting, telemetry = Waiting(), ExporterMetrics()
    limits = waiting.limits(calls_per_second=1)
    ours = source(FakeSigner(cloudwatch.url), waiting, limits=limits, telemetry=telemetry)
    for _ in range(4):
        ours.fetch(call())
    assert waiting.now == pytest.approx(3)
    assert value(telemetry, "basewatch_api_throttle_wait_seconds_total", API) == pytest.approx(3)


def test_datapoints_wait_for_their_turn(cloudwatch: FakeCloudWatch) -> None:
    """A thousand datapoints at a hundred a second keep the next call waiting for ten seconds."""
    waiting = Waiting()
    ours = source(FakeSigner(cloudwatch.url), waiting, limits=waiting.limits(datapoints_per_second=100))
    for _ in range(2):
        ours.fetch(call(250))
    assert waiting.now == pytest.approx(10)


def test_sources_of_one_account_share_its_limit(cloudwatch: FakeCloudWatch) -> None:
    """Two sources that ask the same account and region are together no faster than one; another account is free."""
    waiting = Waiting()
    limits = waiting.limits(calls_per_second=1)
    for signer in (FakeSigner(cloudwatch.url), FakeSigner(cloudwatch.url), FakeSigner(cloudwatch.url, account_id="2")):
        source(signer, waiting, limits=limits).fetch(call())
    assert waiting.now == pytest.approx(1)


def test_a_burst_of_throttling_loses_nothing(cloudwatch: FakeCloudWatch) -> None:
    """Twenty calls at once, of which the first thirty requests are refused, all end complete, asked ever slower."""
    waiting = Waiting()
    limits = waiting.limits(calls_per_second=40)
    ours = source(FakeSigner(cloudwatch.url), waiting, limits=limits)
    cloudwatch.then(*[refusal("Throttling")] * 30)
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(ours.fetch, [call()] * 20))
    assert all(answer.error is None for fetched in got for answer in fetched.answers)
    assert len(cloudwatch.asked) == 50
    assert limits.limiter(ACCOUNT, REGION, "GetMetricData").rate_ratio < 1


def test_credentials_that_expire_under_many_calls_are_renewed_once(cloudwatch: FakeCloudWatch) -> None:
    """Calls that are refused together share the new credentials."""
    signer, together = FakeSigner(cloudwatch.url), Barrier(8)

    def refused(asked: Asked) -> Reply:
        together.wait(20)
        return refusal("ExpiredToken", 403)(asked)

    cloudwatch.then(*[refused] * 8)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(source(signer).fetch, [call()] * 8))
    assert all(answer.error is None for fetched in got for answer in fetched.answers)
    assert signer.renewed == 1


def test_connections_are_kept(cloudwatch: FakeCloudWatch) -> None:
    """Calls one after the other share a connection."""
    ours = source(FakeSigner(cloudwatch.url))
    for _ in range(5):
        ours.fetch(call())
    assert cloudwatch.connections == 1
