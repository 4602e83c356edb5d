"""Whom the actions of alarms notify: an SNS topic without a confirmed subscription notifies nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason

# arn:aws:sns:us-east-1:123456789012:ops
_SERVICE, _REGION = 2, 3
# They scale, stop or start a resource, and notify nobody. An automation of EC2 has `automate` or `swf` in its ARN.
_SCALING = frozenset({"autoscaling", "application-autoscaling"})
_SILENT = _SCALING | {"automate", "swf"}


class Reach(StrEnum):
    """Whether a topic notifies a person or a service."""

    CONFIRMED = "a confirmed subscription"
    UNCONFIRMED = "no confirmed subscription"
    ABSENT = "no such topic"
    UNREAD = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """An SNS topic to which alarms are sent; `unread` is why its subscriptions are not known, with a remedy."""

    arn: str
    reach: Reach
    reason: Reason | None = None
    unread: str = ""
    remedy: str = ""
    source: str = ""
    action: str = ""

    @property
    def name(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition(":")[2]


def enabled_actions(alarm: Mapping[str, Any]) -> tuple[str, ...]:
    """The ARNs of what the alarm does when it fires; empty when its actions are disabled or suppressed."""
    enabled = optional(alarm, "ActionsEnabled", kind=bool)
    suppressed = optional(alarm, "ActionsSuppressedBy", kind=str)
    return () if enabled is False or suppressed else tuple(str(each) for each in listed(alarm, "AlarmActions"))


def only_scales(alarm: Mapping[str, Any]) -> bool:
    """Whether the alarm exists to scale a resource: then it is in the state ALARM whenever there is little load."""
    actions = [str(each) for each in listed(alarm, "AlarmActions")]
    return bool(actions) and all(_part(each, _SERVICE) in _SCALING for each in actions)


def notifying(actions: Iterable[str]) -> tuple[str, ...]:
    """Those of the actions that can notify a person or a service, sorted."""
    return tuple(sorted({each for each in actions if _part(each, _SERVICE) not in _SILENT}))


def topics(aws: AwsClient, actions: Iterable[str]) -> tuple[Topic, ...]:
    """Every SNS topic among the actions, by ListSubscriptionsByTopic."""
    return tuple(_topic(aws, arn) for arn in sorted(set(actions)) if _part(arn, _SERVICE) == "sns")


def _topic(aws: AwsClient, arn: str) -> Topic:
    try:
        pages = aws.in_region(_part(arn, _REGION)).pages("sns", "ListSubscriptionsByTopic", TopicArn=arn)
        subscriptions = (each for page in pages for each in required(page, "Subscriptions", kind=list))
        # One that is not confirmed, or was deleted, has a word in place of the ARN.
        confirmed = any(required(each, "SubscriptionArn", kind=str).startswith("arn:") for each in subscriptions)
    except NotFoundError:
        return Topic(arn=arn, reach=Reach.ABSENT)
    except ObservationError as error:
        return Topic(
            arn=arn,
            reach=Reach.UNREAD,
            reason=error.reason,
            unread=error.detail,
            remedy=error.remedy,
            source=error.source,
            action=error.action,
        )
    return Topic(arn=arn, reach=Reach.CONFIRMED if confirmed else Reach.UNCONFIRMED)


def _part(arn: str, position: int) -> str:
    parts = arn.split(":")
    return parts[position] if len(parts) > position else ""
