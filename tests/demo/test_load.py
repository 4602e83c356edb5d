"""The synthetic load is repeatable and realistic, and a disturbance is visible in its metric."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.load import DISTURBANCES, POOL_SIZE, PREFIX, PROXY_NAME, Load

MINUTE = timedelta(minutes=1)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

Of = tuple[str, tuple[tuple[str, str], ...]]

AUTH: Of = ("AWS/Lambda", (("FunctionName", f"{PREFIX}-auth-v2"),))
API: Of = ("AWS/ApiGateway", (("ApiName", PREFIX), ("Stage", "prod")))
CUSTOMERS: Of = ("AWS/DynamoDB", (("TableName", f"{PREFIX}-customers"),))
WRITER: Of = ("AWS/RDS", (("DBInstanceIdentifier", f"{PREFIX}-1"),))
READER: Of = ("AWS/RDS", (("DBInstanceIdentifier", f"{PREFIX}-2"),))
POOLED: Of = ("AWS/RDS", (("ProxyName", PROXY_NAME),))
CACHE: Of = ("AWS/DAX", (("ClusterId", f"{PREFIX}-cache"),))
QUEUE: Of = ("AWS/SQS", (("QueueName", f"{PREFIX}-analytics-dlq"),))
RULE: Of = ("AWS/Events", (("RuleName", f"{PREFIX}-analytics-hourly"),))
VAULT: Of = ("AWS/Backup", (("BackupVaultName", PREFIX),))


def ask(load: Load, of: Of, metric: str, statistic: str, at: datetime) -> float | None:
    """The value of one minute."""
    return load.value(of[0], metric, of[1], statistic, period=MINUTE, at=at)


def known(value: float | None) -> float:
    """The value, which must not be None."""
    assert value is not None
    return value


@given(MOMENTS)
def test_the_same_moment_has_the_same_value(at: datetime) -> None:
    """Two loads have equal values."""
    assert ask(Load(), AUTH, "Duration", "p95", at) == ask(Load(), AUTH, "Duration", "p95", at)


@given(MOMENTS)
def test_statistics_of_one_latency_are_in_order(at: datetime) -> None:
    """In each minute the average, the p95, the p99 and the maximum are in ascending order."""
    load = Load()
    for of, metric in ((AUTH, "Duration"), (API, "Latency")):
        average, p95, p99, most = (
            known(ask(load, of, metric, statistic, at)) for statistic in ("Average", "p95", "p99", "Maximum")
        )
        assert 0 < average < p95 < p99 < most
        total, count = (known(ask(load, of, metric, statistic, at)) for statistic in ("Sum", "SampleCount"))
        assert total / count == pytest.approx(average)


@given(MOMENTS)
def test_errors_are_a_small_part_of_requests(at: datetime) -> None:
    """Errors are far fewer than requests, and connections far fewer than the proxy's maximum."""
    load = Load()
    requests = known(ask(load, API, "Count", "SampleCount", at))
    assert known(ask(load, API, "5XXError", "Sum", at)) <= 0.002 * requests
    invocations = known(ask(load, AUTH, "Invocations", "Sum", at))
    assert known(ask(load, AUTH, "Errors", "Sum", at)) <= 0.02 * invocations
    assert known(ask(load, WRITER, "DatabaseConnections", "Maximum", at)) < POOL_SIZE / 2


def test_days_are_busier_than_nights() -> None:
    """The load is higher at 14:00 UTC than at 02:00 UTC."""
    load, night = Load(), NOON.replace(hour=2)
    busy = known(ask(load, API, "Count", "Sum", NOON.replace(hour=14)))
    assert busy > 2 * known(ask(load, API, "Count", "Sum", night))


@given(MOMENTS, st.sampled_from([5, 15, 60]))
def test_longer_periods_aggregate_their_minutes(at: datetime, minutes: int) -> None:
    """Sum and SampleCount of a period are the sums over its minutes, and Maximum is their maximum."""
    load = Load()
    each = [at + MINUTE * step for step in range(minutes)]
    for statistic, together in (("Sum", sum), ("SampleCount", sum), ("Maximum", max)):
        parts = [known(ask(load, AUTH, "Duration", statistic, moment)) for moment in each]
        whole = known(load.value(AUTH[0], "Duration", AUTH[1], statistic, period=MINUTE * minutes, at=at))
        assert whole == pytest.approx(together(parts))


def test_only_existing_resources_have_metrics() -> None:
    """A namespace, a dimension or a value that SecureBase does not have gives no datapoint, as in CloudWatch."""
    load = Load()
    assert ask(load, ("AWS/Lambda", (("FunctionName", "other"),)), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/RDS", AUTH[1]), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/Lambda", ()), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/ApiGateway", API[1][:1]), "Count", "Sum", NOON) is None


def test_dimensions_can_be_in_any_order() -> None:
    """The order of dimensions does not matter, as in CloudWatch."""
    load = Load()
    assert ask(load, (API[0], API[1][::-1]), "Count", "Sum", NOON) == ask(load, API, "Count", "Sum", NOON)


DISTURBED = {
    "function-error-burst": (AUTH, "Errors", "Sum"),
    "function-throttled": (AUTH, "Throttles", "Sum"),
    "function-slow": (AUTH, "Duration", "p95"),
    "api-5xx-burst": (API, "5XXError", "Sum"),
    "api-p95-slow": (API, "Latency", "p95"),
    "api-refusals": (API, "4XXError", "Sum"),
    "dead-letters-unread": (QUEUE, "ApproximateAgeOfOldestMessage", "Maximum"),
    "table-throttled": (CUSTOMERS, "WriteThrottleEvents", "Sum"),
    "cache-cold": (CACHE, "ItemCacheMisses", "Sum"),
    "proxy-slow": (POOLED, "DatabaseConnectionsBorrowLatency", "Average"),
    "connections-near-limit": (POOLED, "DatabaseConnectionsCurrentlyBorrowed", "Sum"),
    "proxy-bypassed": (WRITER, "DatabaseConnections", "Maximum"),
    "database-busy": (WRITER, "DBLoad", "Average"),
    "storage-slow": (WRITER, "ReadLatency", "Average"),
    "replica-behind": (READER, "AuroraReplicaLag", "Maximum"),
}
HOURLY = {
    "event-rule-disabled": (RULE, "TriggeredRules", timedelta()),
    "backup-jobs-failing": (VAULT, "NumberOfBackupJobsCompleted", 15 * MINUTE),
}


@pytest.mark.parametrize("name", HOURLY)
def test_a_disturbance_of_an_hourly_event_removes_it(name: str) -> None:
    """The event of the next hour is missing, and no other minute changes."""
    of, metric, past = HOURLY[name]
    load = Load(now=lambda: NOON)
    hour = NOON + timedelta(hours=1) + past
    assert known(ask(load, of, metric, "Sum", hour)) > 0
    assert ask(load, of, metric, "Sum", hour + MINUTE) is None
    load.start_disturbance(name)
    assert ask(load, of, metric, "Sum", hour) is None
    assert known(ask(load, of, metric, "Sum", hour - timedelta(hours=2))) > 0


def test_every_disturbance_has_a_metric_in_the_tables() -> None:
    """Every disturbance is tested with a metric that it changes."""
    missing = sorted(set(DISTURBANCES) - (DISTURBED.keys() | HOURLY.keys()))
    assert not missing, f"add a metric that {', '.join(missing)} changes to DISTURBED, or to HOURLY for hourly events"
    assert DISTURBED.keys() | HOURLY.keys() == set(DISTURBANCES), "remove disturbances that no longer exist"


@pytest.mark.parametrize("name", DISTURBED)
def test_a_disturbance_starts_half_an_hour_ago_and_lasts_until_it_is_stopped(name: str) -> None:
    """A disturbance changes the past half hour and all later minutes, and stopping it removes every change."""
    load, usual = Load(now=lambda: NOON), Load()
    of, metric, statistic = DISTURBED[name]
    load.start_disturbance(name)
    for minutes, disturbed in ((-31, False), (-30, True), (-1, True), (600, True)):
        at = NOON + MINUTE * minutes
        value, normal = (ask(each, of, metric, statistic, at) for each in (load, usual))
        assert ((value or 0) > 3 * (normal or 0)) is disturbed
    load.stop_disturbance(name)
    assert ask(load, of, metric, statistic, NOON) == ask(usual, of, metric, statistic, NOON)


def test_a_disturbance_can_have_a_start_and_an_end() -> None:
    """The disturbance changes only the minutes from its start to its end."""
    load = Load()
    load.start_disturbance("table-throttled", start=NOON, end=NOON + MINUTE)
    throttled = [ask(load, CUSTOMERS, "WriteThrottleEvents", "Sum", NOON + MINUTE * step) for step in (0, 1)]
    assert known(throttled[0]) > 0
    assert throttled[1] is None


def test_an_unknown_disturbance_is_an_error() -> None:
    """The error for an unknown name lists the existing names."""
    with pytest.raises(KeyError, match="api-p95-slow"):
        Load().start_disturbance("api-p95-slwo")


def test_stopping_twice_does_nothing() -> None:
    """Stopping a disturbance that is not active is no error."""
    Load().stop_disturbance("api-p95-slow")
