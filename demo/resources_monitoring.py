"""The account's own monitoring: the database's logs and the CloudWatch alarms."""

from __future__ import annotations

from dataclasses import dataclass

from demo.account import PREFIX, BuildContext, backend
from demo.resources_functions import FUNCTIONS
from demo.resources_tables import TABLES, UNRECOVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alarm:
    """An alarm that fires when the metric is above the threshold for five consecutive minutes."""

    name: str
    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str
    above: float


_ALARMS = (
    _Alarm(
        name="aurora-cpu",
        namespace="AWS/RDS",
        metric="CPUUtilization",
        dimension=("DBClusterIdentifier", PREFIX),
        statistic="Average",
        above=80,
    ),
    _Alarm(
        name="api-5xx",
        namespace="AWS/ApiGateway",
        metric="5XXError",
        dimension=("ApiName", PREFIX),
        statistic="Sum",
        above=10,
    ),
    _Alarm(
        name="api-latency",
        namespace="AWS/ApiGateway",
        metric="Latency",
        dimension=("ApiName", PREFIX),
        statistic="Average",
        above=500,
    ),
    *(
        _Alarm(
            name=f"{name}-errors",
            namespace="AWS/Lambda",
            metric="Errors",
            dimension=("FunctionName", f"{PREFIX}-{name}"),
            statistic="Sum",
            above=5,
        )
        for name, _, _ in FUNCTIONS
    ),
    *(
        _Alarm(
            name=f"{name}-errors",
            namespace="AWS/DynamoDB",
            metric="SystemErrors",
            dimension=("TableName", f"{PREFIX}-{name}"),
            statistic="Sum",
            above=5,
        )
        for name in (*TABLES, *UNRECOVERED)
    ),
    *(
        _Alarm(name=name, namespace=namespace, metric=metric, dimension=dimension, statistic="Sum", above=above)
        for name, namespace, metric, dimension, above in (
            ("dax-errors", "AWS/DAX", "ErrorRequestCount", ("ClusterId", f"{PREFIX}-cache"), 5),
            ("dlq-messages", "AWS/SQS", "NumberOfMessagesSent", ("QueueName", f"{PREFIX}-analytics-dlq"), 10),
            ("rule-failures", "AWS/Events", "FailedInvocations", ("RuleName", f"{PREFIX}-analytics-hourly"), 0),
            ("backup-failures", "AWS/Backup", "NumberOfBackupJobsFailed", ("BackupVaultName", PREFIX), 0),
        )
    ),
)


def create(context: BuildContext, *, key: str) -> None:
    """Create the database's log group, and the alarms."""
    logs = context.client("logs")
    logs.create_log_group(logGroupName=f"/aws/rds/cluster/{PREFIX}/postgresql")
    logs.put_retention_policy(logGroupName=f"/aws/rds/cluster/{PREFIX}/postgresql", retentionInDays=30)
    sns = context.client("sns")
    topic = sns.create_topic(Name=f"{PREFIX}-alarms")["TopicArn"]
    # moto confirms a subscription at once.
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="on-call@securebase.example")
    cloudwatch = context.client("cloudwatch")
    for alarm in _ALARMS:
        dimension, value = alarm.dimension
        cloudwatch.put_metric_alarm(
            AlarmName=f"{PREFIX}-{alarm.name}",
            Namespace=alarm.namespace,
            MetricName=alarm.metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            Statistic=alarm.statistic,
            Period=60,
            EvaluationPeriods=5,
            Threshold=alarm.above,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[topic],
        )
    for group in backend("logs").groups.values():
        group.creation_time = context.built_at.replace(tzinfo=None)
        group.kms_key_id = key
