"""The cache in front of the tables, the hourly rule with its dead-letter queue, and the backup vault."""

from __future__ import annotations

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext, backend

_TARGET = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-metrics-aggregation"


def create(context: BuildContext, *, key: str, role: str) -> None:
    """Create the DAX cluster, the queue, the rule that invokes the metrics function every hour, and the vault."""
    context.client("dax").create_cluster(
        ClusterName=f"{PREFIX}-cache", NodeType="dax.t3.small", ReplicationFactor=2, IamRoleArn=role
    )
    # A new cluster is only created on AWS after some minutes.
    backend("dax").clusters[f"{PREFIX}-cache"].status = "available"
    queue = context.client("sqs").create_queue(QueueName=f"{PREFIX}-analytics-dlq")["QueueUrl"]
    attributes = context.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events = context.client("events")
    events.put_rule(Name=f"{PREFIX}-analytics-hourly", ScheduleExpression="rate(1 hour)", State="ENABLED")
    events.put_targets(
        Rule=f"{PREFIX}-analytics-hourly",
        Targets=[{"Id": "metrics", "Arn": _TARGET, "DeadLetterConfig": {"Arn": attributes["QueueArn"]}}],
    )
    context.client("backup").create_backup_vault(BackupVaultName=PREFIX, EncryptionKeyArn=key)
