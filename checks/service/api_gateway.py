"""Checks of an API stage: latency, server errors and client errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Api
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import latency_promise, rate_promise, ratio_promise
from checks.service.ratios import judge_ratio
from checks.service.sustained import judge_percentile, judge_rate, no_activity_verdict

_IDLE = no_activity_verdict("request")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLatency:
    """The requests of an API stage and their latency, minute by minute."""

    requests: AlignedSeries
    p95_seconds: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServerErrors:
    """The requests of an API stage and its 5XX responses, minute by minute."""

    requests: AlignedSeries
    server_errors: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClientErrors:
    """The requests of an API stage and its 4XX responses, minute by minute."""

    requests: AlignedSeries
    client_errors: AlignedSeries


def api_latency(metrics: MetricsClient, api: Api) -> ApiLatency:
    """Requests and the 95th percentile of the latency. Raises: ObservationError, when they were not collected."""
    return ApiLatency(
        requests=read_series(metrics, api, "aws_apigateway_requests_total"),
        p95_seconds=read_series(metrics, api, "aws_apigateway_latency_seconds", quantile="0.95"),
    )


def api_server_errors(metrics: MetricsClient, api: Api) -> ApiServerErrors:
    """Requests and server errors of the stage. Raises: ObservationError, when they were not collected."""
    return ApiServerErrors(
        requests=read_series(metrics, api, "aws_apigateway_requests_total"),
        server_errors=read_series(metrics, api, "aws_apigateway_server_errors_total"),
    )


def api_client_errors(metrics: MetricsClient, api: Api) -> ApiClientErrors:
    """Requests and client errors of the stage. Raises: ObservationError, when they were not collected."""
    return ApiClientErrors(
        requests=read_series(metrics, api, "aws_apigateway_requests_total"),
        client_errors=read_series(metrics, api, "aws_apigateway_client_errors_total"),
    )


@check(
    "service.api.latency",
    component=Api,
    observe=api_latency,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("p95_below",),
    follows_from=(no_data_because_of("inventory.api.deployed"), *DEPENDENCIES),
)
def latency_below(facts: ApiLatency, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The 95th percentile of the API's latency stays below its limit.

    Why: This is the time that tenants wait for a response.
    Reads: Latency p95 and Count of AWS/ApiGateway for the stage, minute by minute. It fails when the value is above the
    limit in every minute with requests for the promised duration. With few requests the stretch is widened until it has
    20, or to the window.
    Unverified when: The metrics could not be collected, Latency is missing in minutes that may hide a breach or in more
    than half of those with requests, or the window is shorter than the promised duration. Without any request it is not
    applicable.
    Fix: Compare IntegrationLatency with Latency: the difference is API Gateway and the authorizer, the rest is the
    function behind the route.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    """
    promise = latency_promise("the p95 latency", api.p95_below)
    yield judge_percentile(facts.p95_seconds, facts.requests, promise, idle_verdict=_IDLE)


@check(
    "service.api.server_errors",
    component=Api,
    observe=api_server_errors,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("server_errors_below",),
    follows_from=(no_data_because_of("inventory.api.deployed"), *DEPENDENCIES),
)
def server_errors_below(facts: ApiServerErrors, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The rate of the API's server errors stays below its limit.

    Why: A 5XX is a failure of the platform itself; at this rate some tenants have an outage.
    Reads: 5XXError and Count of AWS/ApiGateway for the stage, minute by minute, as errors per second. It fails when the
    rate is above the limit in every minute for the promised duration, or on average where minutes have no request.
    Unverified when: The metrics could not be collected, 5XXError is missing in minutes that may hide a breach or in
    more than half of those with requests, or the window is shorter than the promised duration. Without any request it
    is not applicable.
    Fix: Find the failing route in the access log, then the errors of its function; roll back the last deployment before
    the errors.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    """
    errors, seconds = facts.server_errors, facts.server_errors.period.total_seconds()
    rate = errors.with_values(tuple(None if value is None else value / seconds for value in errors.values))
    promise = rate_promise("the rate of server errors", api.server_errors_below)
    yield judge_rate(rate, facts.requests, promise, idle_verdict=_IDLE)


@check(
    "service.api.client_errors",
    component=Api,
    observe=api_client_errors,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("client_errors_below",),
    follows_from=(no_data_because_of("inventory.api.deployed"), *DEPENDENCIES),
)
def client_errors_below(facts: ApiClientErrors, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The ratio of the API's requests that end with a client error stays below its limit.

    Why: Many 4XX responses indicate a client that a deployment broke, an exceeded rate limit, or an attacker who tries
    credentials.
    Reads: 4XXError and Count of AWS/ApiGateway for the stage, minute by minute. It judges every stretch of the promised
    duration, widened until it has enough requests, and the window as a whole.
    Unverified when: The metrics could not be collected, 4XXError is missing in minutes that may hide a breach or in
    more than half of those with requests, or the window is shorter than the promised duration. Without any request it
    is not applicable.
    Fix: Find the status and the caller in the access log: 401 and 403 are failed logins, 429 is the rate limit.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    """
    promise = ratio_promise("the ratio of requests with a client error", api.client_errors_below)
    failed_text = "requests ended with a client error"
    yield judge_ratio(facts.client_errors, facts.requests, promise, summary_text=failed_text, idle_verdict=_IDLE)
