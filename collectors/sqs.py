"""What CloudWatch keeps of SQS queues."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import Aws
from basewatch.collector import Collector, Described, Discovery, Measured, Resource, Unit
from basewatch.components import Queue
from collectors.resource_listing import by_arn, exactly, texts
from collectors.specs import Space

_SQS = Space(name="AWS/SQS")

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
SPECS = (
    _SQS.gauge("aws_sqs_oldest_message_age_seconds", "ApproximateAgeOfOldestMessage", "Maximum", unit=Unit.SECONDS),
    _SQS.gauge("aws_sqs_visible_messages", "ApproximateNumberOfMessagesVisible", "Maximum"),
    _SQS.gauge("aws_sqs_in_flight_messages", "ApproximateNumberOfMessagesNotVisible", "Maximum"),
    _SQS.counter("aws_sqs_messages_sent_total", "NumberOfMessagesSent"),
    _SQS.counter("aws_sqs_messages_received_total", "NumberOfMessagesReceived"),
    _SQS.counter("aws_sqs_messages_deleted_total", "NumberOfMessagesDeleted"),
)


def _queue(name: str, component: str = "") -> Measured:
    return Resource(component=component, dimensions=(("QueueName", name),), labels=(("queue_name", name),)), SPECS


def _resources(queue: Queue) -> Iterator[Measured]:
    yield _queue(queue.name, queue.ref)


def _queues(aws: Aws) -> Iterator[Described]:
    """The queues by their URLs, whose last part is the name."""
    for page in aws.pages("sqs", "ListQueues"):
        for url in texts(page, "QueueUrls", left_out=True):
            yield Described(dimensions={"QueueName": url.rpartition("/")[2]})


SQS = Collector(
    name="sqs",
    component=Queue,
    resources=_resources,
    specs=SPECS,
    discoveries=(
        Discovery(
            namespace=_SQS.name,
            alive="NumberOfMessagesSent",
            dimensions=("QueueName",),
            measured=exactly("QueueName", of=_queue),
            resource_type="sqs",
            of_arn=by_arn("(?P<QueueName>[^:/]+)"),
            describe=_queues,
            needs=("sqs:ListQueues",),
        ),
    ),
)
