"""Whether Lambda functions fail rarely and answer fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Function
from basewatch.metrics import Metrics
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.service.promises import latency_promise, share_promise
from checks.service.shares import worst_share
from checks.service.sustained import judge_sustained, missing, nothing_happened, short_window
from checks.service.track import Track, lay

_IDLE = nothing_happened("invocation")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionErrors:
    """How often a function was invoked and failed, minute by minute."""

    invocations: Track
    errors: Track


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLatency:
    """How often a function was invoked and how long it took, minute by minute."""

    invocations: Track
    p95_seconds: Track


def function_errors(metrics: Metrics, function: Function) -> FunctionErrors:
    """Invocations and errors of the function. Raises: CouldNotLook, when they were not collected."""
    return FunctionErrors(
        invocations=lay(metrics.series(function.ref, "aws_lambda_invocations_total"), metrics.window),
        errors=lay(metrics.series(function.ref, "aws_lambda_errors_total"), metrics.window),
    )


def function_latency(metrics: Metrics, function: Function) -> FunctionLatency:
    """Invocations and the 95th percentile of the duration. Raises: CouldNotLook, when they were not collected."""
    duration = metrics.series(function.ref, "aws_lambda_duration_seconds", quantile="0.95")
    return FunctionLatency(
        invocations=lay(metrics.series(function.ref, "aws_lambda_invocations_total"), metrics.window),
        p95_seconds=lay(duration, metrics.window),
    )


@check(
    "service.function.errors",
    component=Function,
    observe=function_errors,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("errors_below",),
)
def errors_below(facts: FunctionErrors, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The share of the function's invocations that fail stays below its limit.

    Why: An error here is a login refused or an invoice not sent, and the caller may not retry.
    Reads: Invocations and Errors of AWS/Lambda, minute by minute. Judged is every stretch as long as the limit says
    that holds at least 20 invocations, and the window as a whole. Whether the function exists is not judged here.
    Unverified when: The metrics could not be collected, Errors are missing in more than half of the minutes with
    invocations, or the window is shorter than the limit's stretch. Without any invocation it is not applicable.
    Fix: Read the function's log group for the minutes named, and roll back what was deployed before them.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    promise = share_promise("the share of invocations that fail", function.errors_below)
    worst = worst_share(facts.errors, facts.invocations, promise.sustained)
    if worst is not None and worst.ratio > promise.limit:
        summary = f"{promise.show(worst.ratio)} of the invocations failed"
        yield failed(summary, observed=str(worst), expected=promise.expected)
        return
    busy = _busy(facts.invocations)
    doubt = short_window(facts.errors, promise) or (missing(facts.errors, busy, promise) if any(busy) else _IDLE)
    yield doubt or passed(
        f"{promise.opening} stayed below {promise.text}", observed=f"at most {worst}", expected=promise.expected
    )


@check(
    "service.function.latency",
    component=Function,
    observe=function_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("p95_below",),
)
def latency_below(facts: FunctionLatency, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The 95th percentile of the function's duration stays below its limit.

    Why: A slow function holds its caller and a database connection, and times out next.
    Reads: Duration p95 and Invocations of AWS/Lambda, minute by minute. It is broken when every minute of a stretch as
    long as the limit says is above the limit; a minute without invocations is not above it, and ends the stretch.
    Unverified when: The metrics could not be collected, Duration is missing in more than half of the minutes with
    invocations, or the window is shorter than the limit's stretch. Without any invocation it is not applicable.
    Fix: Compare with the database's latency and the function's memory in the minutes named; look for cold starts.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    promise = latency_promise("p95 of the duration", function.p95_below)
    yield judge_sustained(facts.p95_seconds, _busy(facts.invocations), promise, idle=_IDLE)


def _busy(invocations: Track) -> tuple[bool, ...]:
    return tuple(bool(value) for value in invocations.values)
