"""A check of the KMS keys on which a DynamoDB table and its replicas depend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Severity, Verdict
from checks.encryption.key_use import KeysInUse, KeyUse, Protection, key_verdicts, keys_in_use


def table_keys(aws: AwsClient, table: Table) -> KeysInUse:
    """The keys of the table and of its replicas in other regions, by DescribeTable."""
    return keys_in_use(aws, table, _uses(aws, table))


def _uses(aws: AwsClient, table: Table) -> Iterator[KeyUse]:
    answer = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    required(answer, "Table", "TableStatus", kind=str)
    key = optional(answer, "Table", "SSEDescription", "KMSMasterKeyArn", kind=str)
    if key:
        yield KeyUse(part="the table", key=key)
    else:
        # A table without this description is encrypted with a key that DynamoDB owns.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
        yield KeyUse(part="the table", protection=Protection.HIDDEN)
    for replica in listed(answer, "Table", "Replicas"):
        region = required(replica, "RegionName", kind=str)
        if region == aws.region:
            continue
        named = optional(replica, "KMSMasterKeyId", kind=str)
        if named and not named.startswith("arn:"):
            named = f"arn:{_partition(key)}:kms:{region}:{aws.account_id}:{_resource(named)}"
        if named:
            yield KeyUse(part=f"the replica in {region}", key=named)


def _partition(arn: str | None) -> str:
    return arn.split(":")[1] if arn else "aws"


def _resource(name: str) -> str:
    return name if name.startswith("alias/") else f"key/{name}"


@check(
    "encryption.table.keys",
    component=Table,
    observe=table_keys,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeTable", "kms:DescribeKey"),
    promises=("keys",),
)
def table_keys_can_be_used(facts: KeysInUse, table: Table, _now: datetime) -> Iterator[Verdict]:
    """Every key that the table depends on can be used, and is a promised one.

    Why: A table whose key is disabled or deleted cannot be read, and is archived after seven days.
    Reads: dynamodb:DescribeTable: the key of the table, and of each replica in another region. kms:DescribeKey: state
    and manager of each key, in its region.
    Unverified when: A call is denied, throttled or fails, a key is being created or changed, or its state is unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws dynamodb update-table --sse-specification to encrypt
    the table with the promised key.
    Source: Amazon DynamoDB Developer Guide, DynamoDB encryption at rest,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
    """
    yield from key_verdicts(facts, table)
