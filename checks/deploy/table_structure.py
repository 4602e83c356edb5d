"""A check that a DynamoDB table has the declared keys and billing mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified

_BILLING = {"PAY_PER_REQUEST": "on_demand", "PROVISIONED": "provisioned"}


class KeyType(Enum):
    """The role of a key: HASH is the partition key, RANGE the sort key."""

    HASH = "HASH"
    RANGE = "RANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredTable:
    """The keys of the table, and its billing mode as AWS names it. DynamoDB names no mode of an old provisioned one."""

    partition_key: str
    sort_key: str
    billing: str


def structured_table(aws: AwsClient, table: Table) -> StructuredTable:
    """The structure, by DescribeTable."""
    answer = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    keys = {
        required(each, "KeyType", kind=KeyType): required(each, "AttributeName", kind=str)
        for each in required(answer, "Table", "KeySchema", kind=list)
    }
    return StructuredTable(
        partition_key=keys.get(KeyType.HASH, ""),
        sort_key=keys.get(KeyType.RANGE, ""),
        # A table that never changed its mode has no summary.
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html
        billing=optional(answer, "Table", "BillingModeSummary", "BillingMode", kind=str) or "PROVISIONED",
    )


@check(
    "deploy.table.structured",
    component=Table,
    observe=structured_table,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeTable",),
    promises=("structure",),
)
def table_has_its_structure(facts: StructuredTable, table: Table, _now: datetime) -> Iterator[Verdict]:
    """The table has the declared keys and billing mode.

    Why: A table with other keys refuses the application's requests, and one in another billing mode throttles, or costs
    more than planned.
    Reads: dynamodb:DescribeTable: KeySchema and BillingModeSummary.
    Unverified when: The call is denied, throttled or fails, or the billing mode is unknown.
    Fix: Keys cannot be changed: create the table again and move its items. aws dynamodb update-table --billing-mode
    changes the mode.
    Source: Amazon DynamoDB API Reference, TableDescription,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    declared = table.structure
    if declared is None:
        return
    billing = _BILLING.get(facts.billing, "")
    observed = f"keys {facts.partition_key}, {facts.sort_key or 'no sort key'}; {billing or facts.billing}"
    expected = f"keys {declared.partition_key}, {declared.sort_key or 'no sort key'}; {declared.billing or 'any mode'}"
    different = [facts.partition_key != declared.partition_key, facts.sort_key != (declared.sort_key or "")]
    if any(different):
        yield failed("The table has other keys", observed=observed, expected=expected)
    elif declared.billing and not billing:
        summary, remedy = f"The billing mode {facts.billing} is unknown", "Report this with the version of Basewatch."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif declared.billing and billing != declared.billing:
        yield failed(f"The table is {billing}", observed=observed, expected=expected)
    else:
        yield passed("The table has the declared structure", observed=observed, expected=expected)
