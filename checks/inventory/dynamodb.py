"""A check that a declared DynamoDB table exists and can be read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.affected import LOST, with_affected
from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Severity, Status, Verdict, failed
from checks.inventory.creation import Identity, created_as_declared
from checks.inventory.statuses import loss_of, status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """The status of the table, when it was created, and its global secondary indexes: their names and statuses.

    `resource_id` is its own, whatever its name; `known_id` is that of the table which last passed.
    """

    status: str
    created: datetime | None = None
    resource_id: str = ""
    known_id: str = ""
    indexes: tuple[tuple[str, str], ...] = ()


def table_state(aws: AwsClient, table: Table) -> TableState:
    """The status of the table, by DescribeTable."""
    answer = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    indexes = optional(answer, "Table", "GlobalSecondaryIndexes", kind=list) or []
    return TableState(
        status=required(answer, "Table", "TableStatus", kind=str),
        created=optional(answer, "Table", "CreationDateTime", kind=datetime),
        resource_id=optional(answer, "Table", "TableId", kind=str) or "",
        known_id=aws.known_id,
        indexes=tuple(
            sorted((required(each, "IndexName", kind=str), required(each, "IndexStatus", kind=str)) for each in indexes)
        ),
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
    """The declared table and its declared indexes exist, and can be used.

    Why: A table that is archived or whose KMS key is gone has no throttled requests, and neither has an index that was
    deleted; a table that was created again under its name has no backups of the days before.
    Reads: dynamodb:DescribeTable: the status of the table and of each declared index, the id, and the time of creation,
    which may not be after `since`.
    Unverified when: The call is denied, throttled or fails, the table or an index is being created, a status is
    unknown, or it is another table than the one that passed before, and `since` does not say so.
    Fix: Enable the KMS key, restore the table, or create the index; or correct the names in the configuration. If the
    table was restored on purpose, declare that day as `since`.
    Source: Amazon DynamoDB API Reference, TableDescription,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    what = f"The table {table.name}"
    verdict = status_verdict("table", facts.status, what=what, observed=facts.status, expected="ACTIVE")
    if loss_of("table", facts.status):
        verdict = with_affected(verdict, [(LOST, table.ref)])
    if verdict.status is Status.PASS and table.indexes:
        verdict = _of_indexes(facts, table)
    identity = Identity(created=facts.created, resource_id=facts.resource_id, known_id=facts.known_id)
    yield created_as_declared(verdict, what, identity, table.since)


def _of_indexes(facts: TableState, table: Table) -> Verdict:
    """The verdict on the declared index that is worst off."""
    status_of = dict(facts.indexes)
    observed = f"{facts.status}, indexes: {', '.join(f'{name} {status}' for name, status in facts.indexes) or 'none'}"
    expected = f"ACTIVE, with the indexes {', '.join(table.indexes)}"
    missing = [name for name in table.indexes if name not in status_of]
    if missing:
        return failed(f"The table {table.name} has no index {', '.join(missing)}", observed=observed, expected=expected)
    verdicts = [
        status_verdict("index", status_of[name], what=f"The index {name}", observed=observed, expected=expected)
        for name in table.indexes
    ]
    return min(verdicts, key=lambda verdict: (Status.FAIL, Status.UNVERIFIED, Status.PASS).index(verdict.status))
