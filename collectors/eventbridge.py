"""CloudWatch metrics of EventBridge rules on the default event bus."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import Collector, DescribedResource, DiscoverySpec, MeasuredResource, Resource
from basewatch.components import EventRule
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, list_entries
from collectors.specs import Namespace

_EVENTS = Namespace(name="AWS/Events")

# Rules on other buses also have the dimension EventBusName.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
SPECS = (
    _EVENTS.counter("aws_events_triggered_rules_total", "TriggeredRules"),
    _EVENTS.counter("aws_events_invocations_total", "Invocations"),
    _EVENTS.counter("aws_events_failed_invocations_total", "FailedInvocations"),
    _EVENTS.counter("aws_events_throttled_rules_total", "ThrottledRules"),
)


def _rule(name: str, component: str = "") -> MeasuredResource:
    return Resource(component=component, dimensions=(("RuleName", name),), labels=(("rule_name", name),)), SPECS


def _resources(rule: EventRule) -> Iterator[MeasuredResource]:
    yield _rule(rule.name, rule.ref)


def _rules(aws: AwsClient) -> Iterator[DescribedResource]:
    for rule in list_entries(aws, "events", "ListRules", "Rules"):
        name, arn = required(rule, "Name", kind=str), required(rule, "Arn", kind=str)
        yield DescribedResource(dimensions={"RuleName": name}, arn=arn)


EVENTS = Collector(
    name="events",
    component_type=EventRule,
    resources=_resources,
    specs=SPECS,
    discovery_specs=(
        DiscoverySpec(
            namespace=_EVENTS.name,
            activity_metric="TriggeredRules",
            dimensions=("RuleName",),
            from_dimensions=for_dimensions("RuleName", build=_rule),
            resource_type="events:rule",
            dimensions_of_arn=arn_pattern("rule/(?P<RuleName>[^/]+)"),
            describe=_rules,
            needs=("events:ListRules",),
        ),
    ),
)
