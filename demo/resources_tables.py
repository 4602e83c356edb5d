"""The DynamoDB tables, with point-in-time recovery of 35 days."""

from __future__ import annotations

from demo.account import PREFIX, BuildContext, backend
from demo.moto_dynamodb import set_recovery_start

TABLES = ("customers", "api-keys", "invoices", "usage-metrics")


def create(context: BuildContext, *, key: str) -> None:
    """Create four on-demand tables with encryption, deletion protection and point-in-time recovery."""
    tables = context.client("dynamodb")
    for name in (f"{PREFIX}-{table}" for table in TABLES):
        tables.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "customer_id", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "customer_id", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
            DeletionProtectionEnabled=True,
        )
        tables.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35},
        )
        table = backend("dynamodb").tables[name]
        table.created_at = context.built_at.replace(tzinfo=None)
        set_recovery_start(table, context.built_at)
