"""A client counts its requests, shares rate limits with others, and shares new credentials."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.planner import Call
from tests.collectors.cloudwatch.examples import ACCOUNT, FOUR_MINUTES, REGION, call, queries, spec, target
from tests.collectors.cloudwatch.fake import (
    Behaviour,
    FakeClock,
    FakeCloudWatch,
    FakeSigner,
    Reply,
    RequestBody,
    everything,
    ok,
    refusal,
    result,
    source,
)

PLACE = {"aws_account_id": ACCOUNT, "aws_region": REGION}
API = {"api": "GetMetricData"}


def value(telemetry: ExporterMetrics, name: str, labels: dict[str, str]) -> float | None:
    """A self-monitoring metric."""
    return telemetry.registry.get_sample_value(name, labels)


def test_requests_are_counted(cloudwatch: FakeCloudWatch) -> None:
    """Requests, durations, queries, metrics and both cost estimates are counted by collector."""
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
    assert value(telemetry, cost, {"collector": "lambda", "billing_model": "five_for_one"}) == pytest.approx(1e-5)
    assert value(telemetry, cost, {"collector": "lambda", "billing_model": "per_query"}) == pytest.approx(3e-5)


def test_only_answered_queries_are_billed(cloudwatch: FakeCloudWatch) -> None:
    """A throttled request and further pages are free; a repeated query is billed again."""
    telemetry = ExporterMetrics()

    def half(request: RequestBody) -> Reply:
        one, two = request["MetricDataQueries"]
        return ok({"MetricDataResults": [result(one, request), result(two, request, "PartialData")], "NextToken": "t"})

    cloudwatch.answer_next(refusal("Throttling"), half, lambda _asked: ok({"MetricDataResults": []}), everything)
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
def test_a_failure_is_counted_by_code(cloudwatch: FakeCloudWatch, behaviour: Behaviour, code: str) -> None:
    """A failure is counted under AWS's error code, the HTTP status, or our reason without a response."""
    telemetry, clock = ExporterMetrics(), FakeClock()
    cloudwatch.answer_next(behaviour)
    retry_policy = clock.retry_policy(read_timeout_seconds=1)
    ours = source(FakeSigner(cloudwatch.url), clock, retry_policy=retry_policy, telemetry=telemetry)
    assert [answer.error for answer in ours.fetch(call()).answers] == [None, None]
    assert value(telemetry, "basewatch_api_request_failures_total", API | {"code": code}) == 1


def test_waiting_calls_are_counted(cloudwatch: FakeCloudWatch) -> None:
    """At one call a second, the fourth of four calls has waited three seconds."""
    clock, telemetry = FakeClock(), ExporterMetrics()
    rate_limits = clock.rate_limits(calls_per_second=1)
    ours = source(FakeSigner(cloudwatch.url), clock, rate_limits=rate_limits, telemetry=telemetry)
    for _ in range(4):
        ours.fetch(call())
    assert clock.now == pytest.approx(3)
    assert value(telemetry, "basewatch_api_throttle_wait_seconds_total", API) == pytest.approx(3)


def test_datapoints_are_rate_limited(cloudwatch: FakeCloudWatch) -> None:
    """1,000 datapoints at 100 a second delay the next call by ten seconds."""
    clock = FakeClock()
    ours = source(FakeSigner(cloudwatch.url), clock, rate_limits=clock.rate_limits(datapoints_per_second=100))
    for _ in range(2):
        ours.fetch(call(250))
    assert clock.now == pytest.approx(10)


def test_sources_of_one_account_share_its_limit(cloudwatch: FakeCloudWatch) -> None:
    """Two sources of one account and region share a rate; another account has its own."""
    clock = FakeClock()
    rate_limits = clock.rate_limits(calls_per_second=1)
    for signer in (FakeSigner(cloudwatch.url), FakeSigner(cloudwatch.url), FakeSigner(cloudwatch.url, account_id="2")):
        source(signer, clock, rate_limits=rate_limits).fetch(call())
    assert clock.now == pytest.approx(1)


def test_a_burst_of_throttling_loses_nothing(cloudwatch: FakeCloudWatch) -> None:
    """Twenty concurrent calls, whose first thirty requests are throttled, all complete, at a lower rate."""
    clock = FakeClock()
    rate_limits = clock.rate_limits(calls_per_second=40)
    ours = source(FakeSigner(cloudwatch.url), clock, rate_limits=rate_limits)
    cloudwatch.answer_next(*[refusal("Throttling")] * 30)
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(ours.fetch, [call()] * 20))
    assert all(answer.error is None for fetched in got for answer in fetched.answers)
    assert len(cloudwatch.requests) == 50
    assert rate_limits.limiter(ACCOUNT, REGION, "GetMetricData").rate_ratio < 1


def test_concurrent_calls_renew_expired_credentials_once(cloudwatch: FakeCloudWatch) -> None:
    """Calls that fail together share the new credentials."""
    signer, together = FakeSigner(cloudwatch.url), Barrier(8)

    def refused(request: RequestBody) -> Reply:
        together.wait(600)
        return refusal("ExpiredToken", 403)(request)

    cloudwatch.answer_next(*[refused] * 8)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(source(signer).fetch, [call()] * 8))
    assert all(answer.error is None for fetched in got for answer in fetched.answers)
    assert signer.resets == 1


def test_connections_are_reused(cloudwatch: FakeCloudWatch) -> None:
    """Consecutive calls share a connection."""
    ours = source(FakeSigner(cloudwatch.url))
    for _ in range(5):
        ours.fetch(call())
    assert cloudwatch.connections == 1
