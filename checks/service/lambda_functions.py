"""Checks of a Lambda function: errors, throttles and duration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import Function
from basewatch.metrics import SETTLE_DELAY, MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import latency_promise, ratio_promise
from checks.service.ratios import judge_ratio
from checks.service.sustained import judge_percentile, no_activity_verdict

# A datapoint has the time at which the invocation started, and appears when it has ended.
_MAY_RUN = timedelta(minutes=15) - SETTLE_DELAY
_IDLE = no_activity_verdict("invocation")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionErrors:
    """The invocations and the errors of a function, minute by minute."""

    invocations: AlignedSeries
    errors: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionThrottles:
    """The invocations and the throttled calls of a function, minute by minute."""

    invocations: AlignedSeries
    throttles: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLatency:
    """The invocations and the duration of a function, minute by minute."""

    invocations: AlignedSeries
    p95_seconds: AlignedSeries


def function_errors(metrics: MetricsClient, function: Function) -> FunctionErrors:
    """Invocations and errors of the function. Raises: ObservationError, when they were not collected."""
    return FunctionErrors(
        invocations=read_series(metrics, function, "aws_lambda_invocations_total"),
        errors=read_series(metrics, function, "aws_lambda_errors_total"),
    )


def function_throttles(metrics: MetricsClient, function: Function) -> FunctionThrottles:
    """Invocations and throttled calls of the function. Raises: ObservationError, when they were not collected."""
    return FunctionThrottles(
        invocations=read_series(metrics, function, "aws_lambda_invocations_total"),
        throttles=read_series(metrics, function, "aws_lambda_throttles_total"),
    )


def function_latency(metrics: MetricsClient, function: Function) -> FunctionLatency:
    """Invocations and the 95th percentile of the duration. Raises: ObservationError, when they were not collected."""
    return FunctionLatency(
        invocations=read_series(metrics, function, "aws_lambda_invocations_total"),
        p95_seconds=read_series(metrics, function, "aws_lambda_duration_seconds", quantile="0.95"),
    )


@check(
    "service.function.errors",
    component=Function,
    observe=function_errors,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("errors_below",),
    follows_from=(no_data_because_of("inventory.function.active"), *DEPENDENCIES),
)
def errors_below(facts: FunctionErrors, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The ratio of the function's invocations that fail stays below its limit.

    Why: An error is, for example, a login that failed or an invoice that was not sent, and the caller may not retry.
    Reads: Invocations and Errors of AWS/Lambda, minute by minute. It judges every stretch of the promised duration,
    widened until it has enough invocations, and the window as a whole. It does not judge whether the function exists.
    Unverified when: The metrics could not be collected, Errors are missing in minutes that may hide a breach or in more
    than half of those with invocations, or the window is shorter than the promised duration. Without any invocation it
    is not applicable.
    Fix: Read the function's log group for the minutes in the finding, and roll back the last deployment before them.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    promise = ratio_promise("the ratio of failed invocations", function.errors_below)
    yield judge_ratio(facts.errors, facts.invocations, promise, summary_text="invocations failed", idle_verdict=_IDLE)


@check(
    "service.function.throttles",
    component=Function,
    observe=function_throttles,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("throttled_below",),
    follows_from=(no_data_because_of("inventory.function.active"), *DEPENDENCIES),
)
def throttled_below(facts: FunctionThrottles, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The ratio of the function's calls that Lambda throttles stays below its limit.

    Why: Lambda does not run a throttled call, the error ratio does not include it, and the caller gets a 429.
    Reads: Throttles and Invocations of AWS/Lambda, minute by minute, as throttles of the sum of both: a throttled call
    is not an invocation. It judges every stretch of the promised duration, widened until it has enough calls, and the
    window as a whole. It does not judge whether the function exists.
    Unverified when: The metrics could not be collected, Throttles are missing in minutes that may hide a breach or in
    more than half of those with invocations, or the window is shorter than the promised duration. Without any call it
    is not applicable.
    Fix: Raise the function's reserved concurrency or the account's quota, or reduce the rate of the callers.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    """
    throttles, calls = facts.throttles, facts.throttles.plus(facts.invocations)
    promise = ratio_promise("the ratio of throttled calls", function.throttled_below)
    yield judge_ratio(throttles, calls, promise, summary_text="calls were throttled", idle_verdict=_IDLE)


@check(
    "service.function.latency",
    component=Function,
    observe=function_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("p95_below",),
    follows_from=(no_data_because_of("inventory.function.active"), *DEPENDENCIES),
)
def latency_below(facts: FunctionLatency, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The 95th percentile of the function's duration stays below its limit.

    Why: A slow function blocks its caller and a database connection, and can run into its timeout.
    Reads: Duration p95 and Invocations of AWS/Lambda, minute by minute. It fails when the value is above the limit in
    every minute with invocations for the promised duration. With few invocations the stretch is widened until it has
    20, or to the window, so the only run of a job can break its promise.
    Unverified when: The metrics could not be collected, Duration is missing in minutes that may hide a breach or in
    more than half of those with invocations, or the window is shorter than the promised duration. Without any
    invocation it is not applicable.
    Fix: Compare with the database latency and the function's memory in the minutes of the finding; check for cold
    starts.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    promise = latency_promise("the p95 duration", function.p95_below)
    calls = facts.invocations
    yield judge_percentile(facts.p95_seconds, calls, promise, idle_verdict=_IDLE, may_be_late=_MAY_RUN)
