"""A check that a declared DynamoDB table exists and can be read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Severity, Verdict
from checks.inventory.creation import created_as_declared
from checks.inventory.statuses import status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """The status of the table, and when it was created."""

    status: str
    created: datetime | None = None


def table_state(aws: AwsClient, table: Table) -> TableState:
    """The status of the table, by DescribeTable."""
    answer = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    return TableState(
        status=required(answer, "Table", "TableStatus", kind=str),
        created=optional(answer, "Table", "CreationDateTime", kind=datetime),
    )


@check(
    "inventory.table.active",
    component=Table,
    observe=table_state,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeTable",),
)
def table_is_active(facts: TableState, table: Table, _now: datetime) -> Iterator[Verdict]:
    """The declared table exists, and can be read and written.

    Why: A table that is archived or whose KMS key is gone has no throttled requests; one that was created again under
    its name has no backups of the days before.
    Reads: dynamodb:DescribeTable: the status, and the time of creation, which may not be after `since`.
    Unverified when: The call is denied, throttled or fails, the table is being created, or its status is unknown.
    Fix: Enable the KMS key, or restore the table; or correct its name in the configuration.
    Source: Amazon DynamoDB API Reference, TableDescription,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    what = f"The table {table.name}"
    verdict = status_verdict("table", facts.status, what=what, observed=facts.status, expected="ACTIVE")
    yield created_as_declared(verdict, what, facts.created, table.since)
