"""A check that the items of a DynamoDB table expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified


class _Status(StrEnum):
    """Of a table's time to live."""

    ENABLING = "ENABLING"
    ENABLED = "ENABLED"
    DISABLING = "DISABLING"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemExpiry:
    """Whether items expire, and by which attribute; empty without one."""

    status: _Status
    attribute: str


def item_expiry(aws: AwsClient, table: Table) -> ItemExpiry:
    """The time to live of the table, by DescribeTimeToLive."""
    answer = aws.call("dynamodb", "DescribeTimeToLive", TableName=table.name)
    return ItemExpiry(
        status=required(answer, "TimeToLiveDescription", "TimeToLiveStatus", kind=_Status),
        attribute=optional(answer, "TimeToLiveDescription", "AttributeName", kind=str) or "",
    )


@check(
    "retention.dynamodb.ttl",
    component=Table,
    observe=item_expiry,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeTimeToLive",),
    promises=("ttl",),
)
def items_expire(facts: ItemExpiry, table: Table, _now: datetime) -> Iterator[Verdict]:
    """DynamoDB deletes the items of the table when the declared attribute says that they have expired.

    Why: Without it a cache grows without end, and a session or a permission that was cached stays readable.
    Reads: dynamodb:DescribeTimeToLive: the status and the attribute. How long an item lives is what the application
    writes into the attribute; AWS does not know it, and Basewatch reads no items. DynamoDB deletes an expired item
    within a few days, so a reader has to compare the time itself.
    Unverified when: The call is denied, throttled or fails, the status is unknown, or time to live is being enabled,
    which takes up to an hour.
    Fix: aws dynamodb update-time-to-live --time-to-live-specification Enabled=true,AttributeName=...
    Source: Amazon DynamoDB Developer Guide, Using time to live,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    declared = table.ttl.attribute if table.ttl else ""
    expected = f"ENABLED by {declared}"
    observed = f"{facts.status}{f' by {facts.attribute}' if facts.attribute else ''}"
    if facts.status in (_Status.DISABLED, _Status.DISABLING):
        yield failed("No item expires: time to live is off", observed=observed, expected=expected)
    elif facts.attribute and facts.attribute != declared:
        yield failed(f"Items expire by another attribute: {facts.attribute}", observed=observed, expected=expected)
    elif facts.status is _Status.ENABLING:
        summary, remedy = "Time to live is being enabled", "Run the check again in an hour."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif not facts.attribute:
        summary = "AWS does not say by which attribute items expire"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    else:
        yield passed("Items expire by the declared attribute", observed=observed, expected=expected)
