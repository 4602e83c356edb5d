"""Proves that the synthetic load is repeatable, believable, and keeps every promise until it is disturbed."""

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
    """One minute's value."""
    return load.value(of[0], metric, of[1], statistic, period=MINUTE, at=at)


def known(value: float | None) -> float:
    """A value that must be there."""
    assert value is not None
    return value


@given(MOMENTS)
def test_the_same_moment_has_the_same_value(at: datetime) -> None:
    """Two loads agree, whenever and in whatever order they are asked."""
    assert ask(Load(), AUTH, "Duration", "p95", at) == ask(Load(), AUTH, "Duration", "p95", at)


@given(MOMENTS)
def test_statistics_of_one_latency_are_in_order(at: datetime) -> None:
    """A minute's average lies below its p95, that below its p99, and that below its maximum."""
    load = Load()
    for of, metric in ((AUTH, "Duration"), (API, "Latency")):
        average, p95, p99, most = (
            known(ask(load, of, metric, statistic, at)) for statistic in ("Average", "p95", "p99", "Maximum")
        )
        assert 0 < average < p95 < p99 < most
        total, count = (known(ask(load, of, metric, statistic, at)) for statistic in ("Sum", "SampleCount"))
        assert total / count == pytest.approx(average)


@given(MOMENTS)
def test_what_fails_is_a_small_part_of_what_happens(at: datetime) -> None:
    """Errors stay far below requests, and connections far below what the proxy may have."""
    load = Load()
    requests = known(ask(load, API, "Count", "SampleCount", at))
    assert known(ask(load, API, "5XXError", "Sum", at)) <= 0.002 * requests
    invocations = known(ask(load, AUTH, "Invocations", "Sum", at))
    assert known(ask(load, AUTH, "Errors", "Sum", at)) <= 0.02 * invocations
    assert known(ask(load, WRITER, "DatabaseConnections", "Maximum", at)) < POOL_SIZE / 2


def test_days_are_busier_than_nights() -> None:
    """The load follows the day: more at 14:00 UTC than at 02:00."""
    load, night = Load(), NOON.replace(hour=2)
    busy = known(ask(load, API, "Count", "Sum", NOON.replace(hour=14)))
    assert busy > 2 * known(ask(load, API, "Count", "Sum", night))


@given(MOMENTS, st.sampled_from([5, 15, 60]))
def test_longer_periods_add_up_what_minutes_hold(at: datetime, minutes: int) -> None:
    """Sum and SampleCount of a period are those of its minutes together, and Maximum is their highest."""
    load = Load()
    each = [at + MINUTE * step for step in range(minutes)]
    for statistic, together in (("Sum", sum), ("SampleCount", sum), ("Maximum", max)):
        parts = [known(ask(load, AUTH, "Duration", statistic, moment)) for moment in each]
        whole = known(load.value(AUTH[0], "Duration", AUTH[1], statistic, period=MINUTE * minutes, at=at))
        assert whole == pytest.approx(together(parts))


def test_only_what_exists_has_metrics() -> None:
    """A namespace, a dimension or a value that SecureBase does not have is silent, as CloudWatch is."""
    load = Load()
    assert ask(load, ("AWS/Lambda", (("FunctionName", "other"),)), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/RDS", AUTH[1]), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/Lambda", ()), "Invocations", "Sum", NOON) is None
    assert ask(load, ("AWS/ApiGateway", API[1][:1]), "Count", "Sum", NOON) is None


def test_dimensions_may_be_named_in_any_order() -> None:
    """The order of dimensions means nothing, as in CloudWatch."""
    load = Load()
    assert ask(load, (API[0], API[1][::-1]), "Count", "Sum", NOON) == ask(load, API, "Count", "Sum", NOON)


DISTURBED = {
    "function-error-burst": (AUTH, "Errors", "Sum"),
    "function-throttled": (AUTH, "Throttles", "Sum"),
    "function-slow": (AUTH, "Duration", "p95"),
    "api-5xx-burst": (API, "5XXError", "Sum"),
    "api-p95-slow": (API, "Latency", "p95"),
    "api-refusals": (API, "4XXError", "Sum"),
    "messages-left": (QUEUE, "ApproximateAgeOfOldestMessage", "Maximum"),
    "table-throttled": (CUSTOMERS, "WriteThrottleEvents", "Sum"),
    "cache-cold": (CACHE, "ItemCacheMisses", "Sum"),
    "connections-near-limit": (POOLED, "DatabaseConnectionsCurrentlyBorrowed", "Sum"),
    "proxy-bypassed": (WRITER, "DatabaseConnections", "Maximum"),
    "database-busy": (WRITER, "DBLoad", "Average"),
    "storage-slow": (WRITER, "ReadLatency", "Average"),
    "replica-behind": (READER, "AuroraReplicaLag", "Maximum"),
}
HOURLY = {
    "rule-silent": (RULE, "TriggeredRules", timedelta()),
    "backup-jobs-failing": (VAULT, "NumberOfBackupJobsCompleted", 15 * MINUTE),
}


@pytest.mark.parametrize("name", HOURLY)
def test_what_happens_once_an_hour_does_not_happen_any_more(name: str) -> None:
    """A disturbance of something hourly is seen at its next hour, and in no other minute."""
    of, metric, past = HOURLY[name]
    load = Load(now=lambda: NOON)
    hour = NOON + timedelta(hours=1) + past
    assert known(ask(load, of, metric, "Sum", hour)) > 0
    assert ask(load, of, metric, "Sum", hour + MINUTE) is None
    load.start_disturbance(name)
    assert ask(load, of, metric, "Sum", hour) is None
    assert known(ask(load, of, metric, "Sum", hour - timedelta(hours=2))) > 0


def test_every_disturbance_is_seen_in_some_metric() -> None:
    """No disturbance does nothing."""
    assert DISTURBED.keys() | HOURLY.keys() == set(DISTURBANCES)


@pytest.mark.parametrize("name", DISTURBED)
def test_a_disturbance_began_half_an_hour_ago_and_lasts_until_calmed(name: str) -> None:
    """What is switched on shows in the past half hour and from then on, and leaves no trace when it is calmed."""
    load, usual = Load(now=lambda: NOON), Load()
    of, metric, statistic = DISTURBED[name]
    load.start_disturbance(name)
    for minutes, disturbed in ((-31, False), (-30, True), (-1, True), (600, True)):
        at = NOON + MINUTE * minutes
        value, normal = (ask(each, of, metric, statistic, at) for each in (load, usual))
        assert ((value or 0) > 3 * (normal or 0)) is disturbed
    load.stop_disturbance(name)
    assert ask(load, of, metric, statistic, NOON) == ask(usual, of, metric, statistic, NOON)


def test_a_disturbance_can_be_given_its_time() -> None:
    """A disturbance with a start and an end is over when it is over."""
    load = Load()
    load.start_disturbance("table-throttled", start=NOON, end=NOON + MINUTE)
    throttled = [ask(load, CUSTOMERS, "WriteThrottleEvents", "Sum", NOON + MINUTE * step) for step in (0, 1)]
    assert known(throttled[0]) > 0
    assert throttled[1] is None


def test_a_disturbance_that_does_not_exist_is_refused() -> None:
    """A misspelt name is an error that lists the right ones."""
    with pytest.raises(KeyError, match="api-p95-slow"):
        Load().start_disturbance("api-p95-slwo")


def test_a_calm_load_may_be_calmed() -> None:
    """Repairing twice does no harm."""
    Load().stop_disturbance("api-p95-slow")
