"""Cause alerts of SQS queues."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Queue
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import SECONDS, thresholds

MESSAGE_AGE = AlertTemplate(
    name="QueueMessageAgeHigh",
    severity=AlertSeverity.WARNING,
    fires_when="The oldest message of a queue is older than its limit",
    remedy="Check whether the consumer runs and fails; move a message that always fails to a dead-letter queue",
    dashboard="basewatch-lambda",
)
TEMPLATES = (MESSAGE_AGE,)

_AGE = "aws_sqs_oldest_message_age_seconds"


def queue_alerts(context: RuleContext, queue: Queue) -> Iterator[AlertRule]:
    """The age of the oldest message, if the queue has a limit for it."""
    for limit in thresholds(context, queue, _AGE, queue.oldest_below):
        expr = f"{limit.series_source.gauge_max(_AGE)} > {limit.value}"
        yield limit.alert_rule(MESSAGE_AGE, expr, f"the oldest message is {SECONDS} old", promise="oldest_below")
