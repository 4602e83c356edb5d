"""CloudWatch metrics of SQS queues."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import AwsClient
from basewatch.collector import Collector, DescribedResource, DiscoverySpec, MeasuredResource, Resource, Unit
from basewatch.components import Queue
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, strings
from collectors.specs import Namespace

_SQS = Namespace(name="AWS/SQS")

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
SPECS = (
    _SQS.gauge("aws_sqs_oldest_message_age_seconds", "ApproximateAgeOfOldestMessage", "Maximum", unit=Unit.SECONDS),
    _SQS.gauge("aws_sqs_visible_messages", "ApproximateNumberOfMessagesVisible", "Maximum"),
    _SQS.gauge("aws_sqs_in_flight_messages", "ApproximateNumberOfMessagesNotVisible", "Maximum"),
    _SQS.counter("aws_sqs_messages_sent_total", "NumberOfMessagesSent"),
    _SQS.counter("aws_sqs_messages_received_total", "NumberOfMessagesReceived"),
    _SQS.counter("aws_sqs_messages_deleted_total", "NumberOfMessagesDeleted"),
)


def _queue(name: str, component: str = "") -> MeasuredResource:
    return Resource(component=component, dimensions=(("QueueName", name),), labels=(("queue_name", name),)), SPECS


def _resources(queue: Queue) -> Iterator[MeasuredResource]:
    yield _queue(queue.name, queue.ref)


def _queues(aws: AwsClient) -> Iterator[DescribedResource]:
    """The queues; the name is the last part of the URL."""
    for page in aws.pages("sqs", "ListQueues"):
        for url in strings(page, "QueueUrls", may_be_absent=True):
            yield DescribedResource(dimensions={"QueueName": url.rpartition("/")[2]})


SQS = Collector(
    name="sqs",
    component_type=Queue,
    resources=_resources,
    specs=SPECS,
    discovery_specs=(
        DiscoverySpec(
            namespace=_SQS.name,
            activity_metric="NumberOfMessagesSent",
            dimensions=("QueueName",),
            from_dimensions=for_dimensions("QueueName", build=_queue),
            resource_type="sqs",
            dimensions_of_arn=arn_pattern("(?P<QueueName>[^:/]+)"),
            describe=_queues,
            needs=("sqs:ListQueues",),
        ),
    ),
)
