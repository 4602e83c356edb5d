"""A check of the age of the oldest message in a queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import Queue
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import latency_promise
from checks.service.sustained import judge_gauge, no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OldestMessage:
    """The age of the oldest message of a queue, minute by minute."""

    age_seconds: AlignedSeries


def oldest_message(metrics: MetricsClient, queue: Queue) -> OldestMessage:
    """The age of the queue's oldest message. Raises: ObservationError, when it was not collected."""
    return OldestMessage(age_seconds=read_series(metrics, queue, "aws_sqs_oldest_message_age_seconds"))


@check(
    "service.queue.oldest",
    component=Queue,
    observe=oldest_message,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("oldest_below",),
    follows_from=(no_data_because_of("inventory.queue.exists"), *DEPENDENCIES),
)
def oldest_below(facts: OldestMessage, queue: Queue, _now: datetime) -> Iterator[Verdict]:
    """The age of the oldest message in the queue stays below its limit.

    Why: An old message is work that was accepted and not done; in a dead-letter queue it is work that failed.
    Reads: ApproximateAgeOfOldestMessage Maximum of AWS/SQS for the queue, minute by minute. It fails when the value is
    above the limit in every minute for the promised duration. SQS stops reporting on a queue that is idle for six
    hours.
    Unverified when: The metric could not be collected, the window is shorter than the promised duration, or minutes are
    missing that may hide a breach. If CloudWatch has no datapoint of the queue, it is idle or does not exist, and the
    check is not applicable.
    Fix: Check that the consumer of the queue runs, and find its error on the oldest message.
    Source:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    age = facts.age_seconds
    promise = latency_promise("the age of the oldest message", queue.oldest_below)
    verdict = judge_gauge(age, promise, absent=_idle(age, promise.limit), idle_verdict=no_activity_verdict("message"))
    yield replace(verdict, since=_too_old_from(age, promise.limit)) if verdict.since == age.start else verdict


def _too_old_from(age: AlignedSeries, limit: float) -> datetime:
    """When the message that is too old at the start of the series became so, at the latest."""
    return min(age.start, age.time_at(1) - timedelta(seconds=(age.values[0] or limit) - limit))


def _idle(age: AlignedSeries, limit: float) -> tuple[bool, ...]:
    """The periods before the first datapoint and after the last one, in which the queue was idle.

    A message above its limit keeps a queue from being idle, so datapoints that end with one are missing.
    """
    known = [position for position, value in enumerate(age.values) if value is not None]
    if not known:
        return (True,) * len(age.values)
    newest = age.values[known[-1]]
    end = len(age.values) if newest is not None and newest > limit else known[-1] + 1
    return tuple(not known[0] <= position < end for position in range(len(age.values)))
