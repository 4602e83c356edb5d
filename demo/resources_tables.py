"""The DynamoDB tables, each recoverable to any second of 35 days."""

from __future__ import annotations

from demo.moto_backends import backend
from demo.moto_dynamodb import set_recovery_start
from demo.resources_context import PREFIX, BuildContext

TABLES = ("customers", "api-keys", "invoices", "usage-metrics")


def create(site: BuildContext, *, key: str) -> None:
    """Four tables on demand, encrypted, protected from deletion, with point-in-time recovery."""
    tables = site.client("dynamodb")
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
        table.created_at = site.built_at.replace(tzinfo=None)
        set_recovery_start(table, site.built_at)
