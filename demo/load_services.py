"""The metrics of the API, the functions, the hourly EventBridge rule and its dead-letter queue."""

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
    "event-rule-disabled",
    "dead-letters-unread",
)

_HOUR = 60


def publish(published: SyntheticMetrics) -> None:
    """Add every metric of the API, the functions, the rule and the queue."""
    _requests(published)
    running = (
        _function(published, "auth-v2", daily(180, 540, 11), mean_ms=34, errors=0.002),
        _function(published, "billing-worker", daily(1.2, 2, 12), mean_ms=1100, errors=0),
        _function(published, "metrics-aggregation", daily(1.2, 2, 13), mean_ms=200, errors=0),
    )
    together = GaugeSignal(peak=lambda minute: sum(curve(minute) for curve in running))
    for metric in ("ConcurrentExecutions", "ClaimedAccountConcurrency"):
        published.add("AWS/Lambda", metric, {}, together)
    _analytics(published)


def _requests(published: SyntheticMetrics) -> None:
    space, stage = "AWS/ApiGateway", {"ApiName": PREFIX, "Stage": "prod"}
    count = rounded(daily(1500, 4500, 1), 2)
    server_errors = published.while_disturbed("api-5xx-burst", fraction(count, 0.6, 3), fraction(count, 0.0002, 3))
    mean = published.while_disturbed("api-p95-slow", daily(700, 900, 4), daily(65, 90, 4))
    published.add(space, "Count", stage, EventCounts(counts=count, samples=count))
    client_errors = published.while_disturbed("api-refusals", fraction(count, 0.3, 5), fraction(count, 0.012, 5))
    published.add(space, "4XXError", stage, EventCounts(counts=client_errors, samples=count))
    published.add(space, "5XXError", stage, EventCounts(counts=server_errors, samples=count))
    published.add(space, "Latency", stage, Latency(mean=mean, samples=count))
    published.add(space, "IntegrationLatency", stage, Latency(mean=scaled(mean, 0.85), samples=count))


def _function(published: SyntheticMetrics, short: str, rate: Curve, *, mean_ms: float, errors: float) -> Curve:
    """Add the metrics of a function, and return its concurrent executions."""
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
    """Add the metrics of the hourly rule and of its dead-letter queue, which is empty."""
    rule, queue = {"RuleName": f"{PREFIX}-analytics-hourly"}, {"QueueName": f"{PREFIX}-analytics-dlq"}
    hourly = published.while_disturbed("event-rule-disabled", constant(0), lambda minute: float(minute % _HOUR == 0))
    for metric, counts in (
        ("TriggeredRules", hourly),
        ("Invocations", hourly),
        ("FailedInvocations", constant(0)),
        ("ThrottledRules", constant(0)),
    ):
        # EventBridge publishes these metrics only when they are not zero.
        published.add("AWS/Events", metric, rule, EventCounts(counts=counts, samples=constant(1), omit_zero=True))
    unread, none = "dead-letters-unread", constant(0)
    for metric, peak in (
        ("ApproximateAgeOfOldestMessage", published.while_disturbed(unread, constant(5400), none)),
        ("ApproximateNumberOfMessagesVisible", published.while_disturbed(unread, constant(3), none)),
        ("ApproximateNumberOfMessagesNotVisible", none),
    ):
        published.add("AWS/SQS", metric, queue, GaugeSignal(peak=peak))
    for metric in ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"):
        published.add("AWS/SQS", metric, queue, EventCounts(counts=constant(0), samples=constant(1)))
