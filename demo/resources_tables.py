"""The DynamoDB tables: four with point-in-time recovery of 35 days, and those of which a copy is elsewhere."""

from __future__ import annotations

from demo.account import PREFIX, BuildContext, backend
from demo.moto_dynamodb import set_recovery_start

TABLES = ("customers", "api-keys", "invoices", "usage-metrics")
EXPIRING = ("cache", "sessions")
UNRECOVERED = (*EXPIRING, "metrics")


def create(context: BuildContext, *, key: str) -> None:
    """Create on-demand tables with encryption and deletion protection, recovery for four, and expiry for two."""
    tables = context.client("dynamodb")
    for short in (*TABLES, *UNRECOVERED):
        name = f"{PREFIX}-{short}"
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
        table = backend("dynamodb").tables[name]
        table.created_at = context.built_at.replace(tzinfo=None)
        if short in TABLES:
            tables.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35},
            )
            set_recovery_start(table, context.built_at)
        if short in EXPIRING:
            expiry = {"Enabled": True, "AttributeName": "expires_at"}
            tables.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
