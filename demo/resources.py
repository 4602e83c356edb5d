"""Creates every resource of SecureBase's account, in the order of their dependencies."""

from __future__ import annotations

from demo import (
    resources_access,
    resources_api,
    resources_audit,
    resources_aurora,
    resources_backups,
    resources_cost,
    resources_detection,
    resources_exports,
    resources_functions,
    resources_monitoring,
    resources_recovery,
    resources_tables,
    resources_trail,
)
from demo.account import ACCOUNT, PREFIX, REGION, BuildContext, backend

_TARGET = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-metrics-aggregation"


def create(context: BuildContext) -> resources_backups.DumpJob:
    """Create everything that config.yaml declares, with every promise kept, and return the job that makes dumps."""
    roles = resources_access.create_roles(context)
    key = resources_access.create_key(context)
    secret = resources_access.create_secrets(context, key)
    resources_aurora.create(context, key=key, secret=secret, role=roles.proxy)
    resources_functions.create(context, key=key, role=roles.function)
    resources_api.create(context)
    resources_tables.create(context, key=key)
    _create_services(context, key=key, role=roles.function)
    resources_audit.create(context, key=key)
    resources_trail.create(context, key=key)
    resources_detection.create(context, role=roles.function)
    resources_exports.create(context, key=key)
    resources_monitoring.create(context, key=key)
    return resources_backups.create(context, key=key)


def _create_services(context: BuildContext, *, key: str, role: str) -> None:
    """Create the DAX cluster, the queue, the rule that invokes the metrics function every hour, and the vault."""
    context.client("dax").create_cluster(
        ClusterName=f"{PREFIX}-cache", NodeType="dax.t3.small", ReplicationFactor=2, IamRoleArn=role
    )
    # A new cluster is only created on AWS after some minutes.
    backend("dax").clusters[f"{PREFIX}-cache"].status = "available"
    queue = context.client("sqs").create_queue(QueueName=f"{PREFIX}-analytics-dlq", Attributes={"KmsMasterKeyId": key})[
        "QueueUrl"
    ]
    attributes = context.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events = context.client("events")
    events.put_rule(Name=f"{PREFIX}-analytics-hourly", ScheduleExpression="rate(1 hour)", State="ENABLED")
    events.put_targets(
        Rule=f"{PREFIX}-analytics-hourly",
        Targets=[{"Id": "metrics", "Arn": _TARGET, "DeadLetterConfig": {"Arn": attributes["QueueArn"]}}],
    )
    resources_recovery.create(context, key=key)
    resources_cost.create(context)
