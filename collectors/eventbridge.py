"""What CloudWatch keeps of EventBridge rules on the default event bus."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import Aws
from basewatch.aws.response import required
from basewatch.collector import Collector, Described, Discovery, Measured, Resource
from basewatch.components import EventRule
from collectors.resource_listing import by_arn, entries, exactly
from collectors.specs import Space

_EVENTS = Space(name="AWS/Events")

# A rule of another bus has the dimension EventBusName as well.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
SPECS = (
    _EVENTS.counter("aws_events_triggered_rules_total", "TriggeredRules"),
    _EVENTS.counter("aws_events_invocations_total", "Invocations"),
    _EVENTS.counter("aws_events_failed_invocations_total", "FailedInvocations"),
    _EVENTS.counter("aws_events_throttled_rules_total", "ThrottledRules"),
)


def _rule(name: str, component: str = "") -> Measured:
    return Resource(component=component, dimensions=(("RuleName", name),), labels=(("rule_name", name),)), SPECS


def _resources(rule: EventRule) -> Iterator[Measured]:
    yield _rule(rule.name, rule.ref)


def _rules(aws: Aws) -> Iterator[Described]:
    for rule in entries(aws, "events", "ListRules", "Rules"):
        name, arn = required(rule, "Name", kind=str), required(rule, "Arn", kind=str)
        yield Described(dimensions={"RuleName": name}, arn=arn)


EVENTS = Collector(
    name="events",
    component=EventRule,
    resources=_resources,
    specs=SPECS,
    discoveries=(
        Discovery(
            namespace=_EVENTS.name,
            alive="TriggeredRules",
            dimensions=("RuleName",),
            measured=exactly("RuleName", of=_rule),
            resource_type="events:rule",
            of_arn=by_arn("rule/(?P<RuleName>[^/]+)"),
            describe=_rules,
            needs=("events:ListRules",),
        ),
    ),
)
