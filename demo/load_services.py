"""The load of what answers requests and events: the API, the functions, the hourly rule and its queue."""

from __future__ import annotations

import math
from zlib import crc32

from demo.signals import Curve, EventCounts, GaugeSignal, Latency, daily, rounded
from demo.synthetic_metrics import PREFIX, SyntheticMetrics, constant, fraction, scaled

DISTURBANCES = (
    "function-error-burst",
    "function-throttled",
    "function-slow",
    "api-5xx-burst",
    "api-p95-slow",
    "api-refusals",
    "rule-silent",
    "messages-left",
)

_HOUR = 60


def publish(published: SyntheticMetrics) -> None:
    """Publish every metric of the API, the functions, the rule and the queue."""
    _requests(published)
    running = (
        _function(published, "auth-v2", daily(180, 540, 11), mean_ms=34, errors=0.002),
        _function(published, "billing-worker", daily(1, 2, 12), mean_ms=1100, errors=0),
        _function(published, "metrics-aggregation", daily(1, 2, 13), mean_ms=400, errors=0),
    )
    together = GaugeSignal(peak=lambda minute: sum(curve(minute) for curve in running))
    for metric in ("ConcurrentExecutions", "ClaimedAccountConcurrency"):
        published.add("AWS/Lambda", metric, {}, together)
    _analytics(published)


def _requests(published: SyntheticMetrics) -> None:
    space, stage = "AWS/ApiGateway", {"ApiName": PREFIX, "Stage": "prod"}
    count = rounded(daily(1500, 4500, 1), 2)
    server_errors = published.while_disturbed("api-5xx-burst", fraction(count, 0.6, 3), fraction(count, 0.0002, 3))
    mean = published.while_disturbed("api-p95-slow", daily(700, 900, 4), daily(80, 110, 4))
    published.add(space, "Count", stage, EventCounts(counts=count, samples=count))
    refused = published.while_disturbed("api-refusals", fraction(count, 0.3, 5), fraction(count, 0.012, 5))
    published.add(space, "4XXError", stage, EventCounts(counts=refused, samples=count))
    published.add(space, "5XXError", stage, EventCounts(counts=server_errors, samples=count))
    published.add(space, "Latency", stage, Latency(mean=mean, samples=count))
    published.add(space, "IntegrationLatency", stage, Latency(mean=scaled(mean, 0.85), samples=count))


def _function(published: SyntheticMetrics, short: str, rate: Curve, *, mean_ms: float, errors: float) -> Curve:
    """Publish a function's metrics, and return how many of it run at once."""
    space, name, seed = "AWS/Lambda", {"FunctionName": f"{PREFIX}-{short}"}, crc32(short.encode())
    count, mean = rounded(rate, seed), daily(mean_ms * 0.9, mean_ms * 1.1, seed + 1)
    failed, throttled = fraction(count, errors, seed + 2), fraction(count, 0, seed)
    if short == "auth-v2":
        throttled = published.while_disturbed("function-throttled", fraction(count, 0.1, seed), throttled)
        failed = published.while_disturbed("function-error-burst", fraction(count, 0.22, seed + 2), failed)
        mean = published.while_disturbed("function-slow", daily(180, 260, seed + 3), mean)
    running: Curve = lambda minute: math.ceil(1.5 * count(minute) * mean(minute) / 60_000)  # noqa: E731  # a curve
    published.add(space, "Invocations", name, EventCounts(counts=count, samples=count))
    published.add(space, "Errors", name, EventCounts(counts=failed, samples=count))
    published.add(space, "Throttles", name, EventCounts(counts=throttled, samples=count))
    published.add(space, "Duration", name, Latency(mean=mean, samples=count))
    published.add(space, "ConcurrentExecutions", name, GaugeSignal(peak=running))
    return running


def _analytics(published: SyntheticMetrics) -> None:
    """Publish the hourly rule, on time, and the queue of what it could not deliver, empty."""
    rule, queue = {"RuleName": f"{PREFIX}-analytics-hourly"}, {"QueueName": f"{PREFIX}-analytics-dlq"}
    hourly = published.while_disturbed("rule-silent", constant(0), lambda minute: float(minute % _HOUR == 0))
    for metric, happened in (
        ("TriggeredRules", hourly),
        ("Invocations", hourly),
        ("FailedInvocations", constant(0)),
        ("ThrottledRules", constant(0)),
    ):
        # EventBridge publishes none of these when it is zero.
        published.add("AWS/Events", metric, rule, EventCounts(counts=happened, samples=constant(1), omit_zero=True))
    left, none = "messages-left", constant(0)
    for metric, peak in (
        ("ApproximateAgeOfOldestMessage", published.while_disturbed(left, constant(5400), none)),
        ("ApproximateNumberOfMessagesVisible", published.while_disturbed(left, constant(3), none)),
        ("ApproximateNumberOfMessagesNotVisible", none),
    ):
        published.add("AWS/SQS", metric, queue, GaugeSignal(peak=peak))
    for metric in ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"):
        published.add("AWS/SQS", metric, queue, EventCounts(counts=constant(0), samples=constant(1)))
