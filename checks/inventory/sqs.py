"""A check that a declared SQS queue exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import Queue
from basewatch.model import Proof, Severity, Verdict, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundQueue:
    """The URL of the queue."""

    url: str


def found_queue(aws: AwsClient, queue: Queue) -> FoundQueue:
    """The URL of the queue, by GetQueueUrl. Raises: NotFoundError, when there is no such queue."""
    return FoundQueue(url=required(aws.call("sqs", "GetQueueUrl", QueueName=queue.name), "QueueUrl", kind=str))


@check(
    "inventory.queue.exists",
    component=Queue,
    observe=found_queue,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sqs:GetQueueUrl",),
)
def queue_exists(facts: FoundQueue, _queue: Queue, _now: datetime) -> Iterator[Verdict]:
    """The declared queue exists.

    Why: A queue that does not exist has no old message; what is sent to it is lost.
    Reads: sqs:GetQueueUrl.
    Unverified when: The call is denied, throttled or fails.
    Fix: Create the queue, or correct its name in the configuration.
    Source: Amazon SQS API Reference, GetQueueUrl,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html
    """
    yield passed("The queue exists", observed=facts.url, expected="a queue of this name")
