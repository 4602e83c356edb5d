"""Every metric has the unit that AWS documents, and is exported in the base unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import MetricSpec
from collectors import COLLECTORS

# From AWS's pages, not from the specs; None is a percentage that is reported as 0 to 1.
# AuroraUserGuide/Aurora.AuroraMonitoring.Metrics, rds-proxy.monitoring; lambda/monitoring-metrics-types;
# apigateway/api-gateway-metrics-and-dimensions, http-api-metrics; amazondynamodb/metrics-dimensions,
# dax-metrics-dimensions-dax; sqs-available-cloudwatch-metrics; eventbridge/eb-monitoring; aws-backup/cloudwatch.
DOCUMENTED: dict[str, dict[str, str | None]] = {
    "AWS/RDS": {
        "ACUUtilization": "Percent",
        "AuroraReplicaLag": "Milliseconds",
        "AvailabilityPercentage": "Percent",
        "BufferCacheHitRatio": "Percent",
        "ClientConnections": "Count",
        "ClientConnectionsSetupFailedAuth": "Count",
        "CommitLatency": "Milliseconds",
        "CPUUtilization": "Percent",
        "DatabaseConnections": "Count",
        "DatabaseConnectionsBorrowLatency": "Microseconds",
        "DatabaseConnectionsCurrentlyBorrowed": "Count",
        "DatabaseConnectionsCurrentlySessionPinned": "Count",
        "DatabaseConnectionsSetupFailed": "Count",
        "DBLoad": "Count",
        "DBLoadCPU": "Count",
        "DBLoadNonCPU": "Count",
        "Deadlocks": "Count/Second",
        "FreeableMemory": "Bytes",
        "FreeLocalStorage": "Bytes",
        "MaxDatabaseConnectionsAllowed": "Count",
        "MaximumUsedTransactionIDs": "Count",
        "QueryRequests": "Count",
        "QueryResponseLatency": "Microseconds",
        "ReadLatency": "Seconds",
        "ServerlessDatabaseCapacity": "Count",
        "VolumeBytesUsed": "Bytes",
        "WriteLatency": "Seconds",
    },
    "AWS/Lambda": {
        "ClaimedAccountConcurrency": "Count",
        "ConcurrentExecutions": "Count",
        "DeadLetterErrors": "Count",
        "Duration": "Milliseconds",
        "Errors": "Count",
        "Invocations": "Count",
        "IteratorAge": "Milliseconds",
        "ProvisionedConcurrencyUtilization": None,
        "Throttles": "Count",
    },
    "AWS/ApiGateway": {
        "4XXError": "Count",
        "4xx": "Count",
        "5XXError": "Count",
        "5xx": "Count",
        "CacheHitCount": "Count",
        "CacheMissCount": "Count",
        "Count": "Count",
        "IntegrationLatency": "Milliseconds",
        "Latency": "Milliseconds",
    },
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits": "Count",
        "ConsumedWriteCapacityUnits": "Count",
        "ProvisionedReadCapacityUnits": "Count",
        "ProvisionedWriteCapacityUnits": "Count",
        "ReadThrottleEvents": "Count",
        "SuccessfulRequestLatency": "Milliseconds",
        "SystemErrors": "Count",
        "ThrottledRequests": "Count",
        "UserErrors": "Count",
        "WriteThrottleEvents": "Count",
    },
    "AWS/DAX": {
        "ItemCacheHits": "Count",
        "ItemCacheMisses": "Count",
        "QueryCacheHits": "Count",
        "QueryCacheMisses": "Count",
    },
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": "Seconds",
        "ApproximateNumberOfMessagesNotVisible": "Count",
        "ApproximateNumberOfMessagesVisible": "Count",
        "NumberOfMessagesDeleted": "Count",
        "NumberOfMessagesReceived": "Count",
        "NumberOfMessagesSent": "Count",
    },
    "AWS/Events": {
        "FailedInvocations": "Count",
        "Invocations": "Count",
        "ThrottledRules": "Count",
        "TriggeredRules": "Count",
    },
    "AWS/Backup": {
        "NumberOfBackupJobsAborted": "Count",
        "NumberOfBackupJobsCompleted": "Count",
        "NumberOfBackupJobsCreated": "Count",
        "NumberOfBackupJobsExpired": "Count",
        "NumberOfBackupJobsFailed": "Count",
        "NumberOfCopyJobsCompleted": "Count",
        "NumberOfCopyJobsFailed": "Count",
        "NumberOfRecoveryPointsPartial": "Count",
    },
}
# The factor to the base unit, and the suffix of a family in that unit.
BASE = {
    "Seconds": (1.0, "_seconds"),
    "Milliseconds": (1e-3, "_seconds"),
    "Microseconds": (1e-6, "_seconds"),
    "Percent": (1e-2, "_ratio"),
    None: (1.0, "_ratio"),
    "Bytes": (1.0, "_bytes"),
    "Count/Second": (1.0, "_per_second"),
    "Count": (1.0, ""),
}
SPECS = [spec for collector in COLLECTORS for spec in collector.specs]

each_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=[f"{spec.series_name}-{spec.metric}-{spec.statistic}" for spec in SPECS]
)


def documented_unit(spec: MetricSpec) -> str | None:
    """The unit of the spec's metric as AWS documents it."""
    metrics = DOCUMENTED.get(spec.namespace, {})
    assert spec.metric in metrics, (
        f"look the unit of {spec.namespace} {spec.metric} up in AWS's page and add it to DOCUMENTED in "
        "tests/collectors/test_units.py"
    )
    return metrics[spec.metric]


def test_the_unit_of_every_metric_is_documented() -> None:
    """The unit of every metric was looked up in AWS's documentation; DOCUMENTED has no other metrics."""
    for spec in SPECS:
        documented_unit(spec)
    requested = {(spec.namespace, spec.metric) for spec in SPECS}
    unused = {(space, metric) for space, metrics in DOCUMENTED.items() for metric in metrics} - requested
    assert unused == set(), f"no collector requests these metrics: remove them from DOCUMENTED: {unused}"


@each_spec
def test_a_value_is_exported_in_the_base_unit(spec: MetricSpec) -> None:
    """Seconds, milliseconds, microseconds and percent, all of which occur in AWS/RDS, become seconds and ratios."""
    factor, _ = BASE[documented_unit(spec)]
    # The number of samples has no unit, whatever they measure.
    assert spec.scale == pytest.approx(1.0 if spec.statistic == "SampleCount" else factor)


@each_spec
def test_a_name_ends_in_its_base_unit(spec: MetricSpec) -> None:
    """The family's name ends in its unit, and in no other."""
    unit = BASE[documented_unit(spec)][1]
    ends = {end for end in ("_seconds", "_ratio", "_bytes", "_per_second") if spec.family.endswith(end)}
    assert ends == ({unit} if unit else set())


@given(st.sampled_from(SPECS), st.floats(0, 1e12))
def test_a_conversion_keeps_the_order_of_values(spec: MetricSpec, value: float) -> None:
    """A larger value in CloudWatch is never smaller in Prometheus, and zero stays zero."""
    assert spec.scale > 0
    assert value * spec.scale <= (value + 1) * spec.scale
    assert 0 * spec.scale == 0


@pytest.mark.parametrize(
    ("name", "in_cloudwatch", "in_prometheus"),
    [
        ("aws_rds_read_latency_seconds", 0.0012, 0.0012),
        ("aws_rds_write_latency_seconds", 0.0021, 0.0021),
        ("aws_rds_commit_latency_seconds", 3.4, 0.0034),
        ("aws_rds_replica_lag_seconds", 24.0, 0.024),
        ("aws_rds_proxy_borrow_latency_seconds", 1_400.0, 0.0014),
        ("aws_rds_proxy_query_response_latency_seconds", 2_900.0, 0.0029),
        ("aws_rds_cpu_utilization_ratio", 42.0, 0.42),
        ("aws_rds_acu_utilization_ratio", 60.0, 0.6),
        ("aws_rds_buffer_cache_hit_ratio", 99.6, 0.996),
        ("aws_rds_proxy_availability_ratio", 100.0, 1.0),
        ("aws_lambda_provisioned_concurrency_utilization_ratio", 0.7, 0.7),
        ("aws_lambda_duration_seconds_sum", 12_000.0, 12.0),
        ("aws_lambda_duration_seconds_count", 17.0, 17.0),
        ("aws_lambda_duration_max_seconds", 900.0, 0.9),
        ("aws_lambda_iterator_age_max_seconds", 90_000.0, 90.0),
        ("aws_apigateway_latency_max_seconds", 512.0, 0.512),
        ("aws_apigateway_integration_latency_seconds_sum", 512.0, 0.512),
        ("aws_dynamodb_request_latency_max_seconds", 9.0, 0.009),
        ("aws_sqs_oldest_message_age_seconds", 90.0, 90.0),
        ("aws_rds_volume_used_bytes", 12e9, 12e9),
    ],
)
def test_values_of_every_unit_are_converted(name: str, in_cloudwatch: float, in_prometheus: float) -> None:
    """A console's 3.4 ms, 1,400 µs and 42 % are 0.0034 s, 0.0014 s and 0.42."""
    (spec,) = (spec for spec in SPECS if spec.series_name == name)
    assert in_cloudwatch * spec.scale == pytest.approx(in_prometheus)
