"""Instances, proxies and queues: values that their source always reports, with missing minutes and failovers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from basewatch.components import AuroraCluster, Queue
from basewatch.model import Status, Verdict
from tests.checks.situations.metrics import HOURS, Curve, always, but, verdicts
from tests.checks.situations.situation import Situation, each

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
IDLE = (Status.NOT_APPLICABLE,)
CLUSTER = AuroraCluster.model_validate(
    {
        "name": "db",
        "backup": {"retention": "35d", "rpo": "1h"},
        "proxy": {"name": "db-proxy", "pool_use_below": "90% for 1m", "borrow_latency_below": "100ms for 5m"},
        "instances": ["db-1", "db-2"],
        "acu_use_below": "80% for 20m",
        "cpu_below": "90% for 15m",
        "load_below": "2 for 10m",
        "connections_below": "640 for 5m",
        "read_latency_below": "20ms for 10m",
        "write_latency_below": "20ms for 10m",
        "replica_lag_below": "1s for 5m",
    }
)
QUEUE = Queue.model_validate({"name": "letters", "oldest_below": "15m for 5m"})
NONE = always(None)
# By check: the family, its promised minutes, a value that keeps the limit, and one that does not.
GAUGES = {
    "service.aurora.cpu": ("aws_rds_cpu_utilization_ratio", 15, 0.4, 0.95),
    "service.aurora.acu_use": ("aws_rds_acu_utilization_ratio", 20, 0.4, 0.9),
    "service.aurora.load": ("aws_rds_db_load_active_sessions", 10, 0.5, 3),
    "service.aurora.connections": ("aws_rds_database_connections_max", 5, 20, 700),
    "service.aurora.read_latency": ("aws_rds_read_latency_seconds", 10, 0.001, 0.05),
    "service.aurora.write_latency": ("aws_rds_write_latency_seconds", 10, 0.002, 0.05),
}


def instances(check: str, first: Curve, second: Curve) -> Iterator[Verdict]:
    """The verdicts on a metric of two instances."""
    family = "aws_rds_replica_lag_seconds" if check == "service.aurora.replica_lag" else GAUGES[check][0]
    curves = {f"{family} db_instance=db-1": first, f"{family} db_instance=db-2": second}
    return verdicts(check, CLUSTER, curves)


def on_reader(check: str, case: str) -> Iterator[Verdict]:
    """The verdicts on a case of the second instance, while the first keeps every limit."""
    _, minutes, low, high = GAUGES[check]
    long = but(always(low), 100, 2 * minutes, high)
    curves = {
        "exactly as long as promised": but(always(low), 100, minutes, high),
        "one minute shorter": but(always(low), 100, minutes - 1, high),
        "twice as long, with a gap in the middle": but(long, 100 + minutes - 1, 1, None),
        "too short without the gap beside it": but(but(always(low), 100, minutes - 1, high), 99 + minutes, 1, None),
        "half of it lost": but(but(always(low), 100, minutes, high), 101, minutes // 2, None),
        "begun before the window": but(always(low), -2, minutes, high),
        "over before the window": but(always(low), -minutes, minutes, high),
        "going on where the datapoints end": but(but(always(low), HOURS - minutes, minutes, high), HOURS - 2, 2, None),
        "never reported": NONE,
        "silent for half an hour, then fine": but(always(low), 100, 30, None),
        "silent since half an hour": but(always(low), HOURS - 30, 30, None),
        "two minutes late": but(always(low), HOURS - 2, 2, None),
        "missing most of the time": but(always(low), 100, 200, None),
    }
    return instances(check, always(low), curves[case])


RIGHT = {
    "exactly as long as promised": FAIL,
    "one minute shorter": PASS,
    "twice as long, with a gap in the middle": FAIL,
    "too short without the gap beside it": UNVERIFIED,
    "half of it lost": UNVERIFIED,
    "begun before the window": FAIL,
    "over before the window": PASS,
    "going on where the datapoints end": UNVERIFIED,
    "never reported": UNVERIFIED,
    "silent for half an hour, then fine": PASS,
    "silent since half an hour": UNVERIFIED,
    "two minutes late": PASS,
    "missing most of the time": UNVERIFIED,
}


@pytest.mark.parametrize("check", GAUGES)
@pytest.mark.parametrize("case", RIGHT)
def test_a_gauge_of_a_reader_is_judged_rightly(check: str, case: str) -> None:
    """Every metric of an instance has the same semantics; the other instance passes."""
    first, second = on_reader(check, case)
    assert (first.status, (second.status,)) == (Status.PASS, RIGHT[case])


def lag(first: Curve, second: Curve) -> partial[Iterator[Verdict]]:
    """The replica lag of two instances."""
    return partial(instances, "service.aurora.replica_lag", first, second)


def pool(borrowed: Curve, allowed: Curve) -> partial[Iterator[Verdict]]:
    """The use of the proxy's pool."""
    curves = {"aws_rds_proxy_borrowed_connections": borrowed, "aws_rds_proxy_max_database_connections": allowed}
    return partial(verdicts, "service.proxy.pool_use", CLUSTER, curves)


def oldest(age: Curve) -> partial[Iterator[Verdict]]:
    """The age of a queue's oldest message."""
    return partial(verdicts, "service.queue.oldest", QUEUE, {"aws_sqs_oldest_message_age_seconds": age})


def row(number: str, what: str, right: tuple[Status, ...], why: str, judged: partial[Iterator[Verdict]]) -> Situation:
    """A row of the table below."""
    return Situation(number=number, what=what, right=right, why=why, judged=judged)


LOW = always(0.02)
SITUATIONS = [
    row(
        "lag-1", "a silent reader beside a silent writer", UNVERIFIED, "which is the writer is unknown", lag(NONE, NONE)
    ),
    row("lag-2", "30 s behind for 10 minutes", FAIL, "the limit is 1 s for 5m", lag(NONE, but(LOW, 60, 10, 30))),
    row(
        "lag-3",
        "a failover in the middle",
        PASS,
        "each was the writer for a while",
        lag(but(LOW, 0, 180, None), but(LOW, 180, 180, None)),
    ),
    row("lag-4", "a reader silent for 100 minutes", UNVERIFIED, "it may be dead", lag(NONE, but(LOW, 60, 100, None))),
    row(
        "lag-5",
        "behind for 3 minutes, the writer for an hour, behind for 3 minutes",
        PASS,
        "as the writer it was not behind",
        lag(but(but(LOW, 60, 66, 9), 63, 60, None), but(NONE, 63, 60, 0.02)),
    ),
    row(
        "lag-6",
        "behind for 4 minutes, and a datapoint of the reader lost after them",
        UNVERIFIED,
        "two are silent, so it was not surely the writer",
        lag(NONE, but(but(LOW, 60, 5, 30), 64, 1, None)),
    ),
    row("pool-1", "borrowed, but no maximum", UNVERIFIED, "the ratio is unknown", pool(always(10), NONE)),
    row("pool-2", "a maximum of zero", UNVERIFIED, "the ratio is unknown", pool(always(10), always(0))),
    row("pool-3", "91% for a minute", FAIL, "one minute is promised", pool(but(always(9), 60, 1, 91), always(100))),
    row("pool-4", "89.9%", PASS, "below 90%", pool(always(89.9), always(100))),
    row("pool-5", "silence", UNVERIFIED, "a proxy reports", pool(NONE, NONE)),
    row(
        "pool-6",
        "95 borrowed in a minute whose maximum is lost",
        FAIL,
        "the maximum was 100 before",
        pool(but(always(9), 60, 1, 95), but(always(100), 60, 1, None)),
    ),
    row(
        "pool-7",
        "the maximum was never read",
        UNVERIFIED,
        "the ratio is unknown",
        pool(always(95), but(always(100), -9, 999, None)),
    ),
    row(
        "queue-7",
        "old for 5 minutes, then read, and idle",
        FAIL,
        "it lasted",
        oldest(but(but(always(0), 105, 255, None), 100, 5, 999)),
    ),
    row("queue-1", "idle for six hours", IDLE, "SQS reports nothing", oldest(NONE)),
    row(
        "queue-2",
        "16 minutes old for 4 of 5 minutes",
        PASS,
        "not for 5m",
        oldest(lambda minute: 960 if minute % 5 else 0),
    ),
    row("queue-3", "4 days old", FAIL, "long", oldest(always(345_600))),
    row(
        "queue-4",
        "an old message, and then no datapoint",
        UNVERIFIED,
        "a queue with a message reports",
        oldest(but(but(always(0), 300, 60, None), 296, 4, 999)),
    ),
    row("queue-5", "busy for the last hour only", PASS, "it was idle before", oldest(but(always(0), -9, 309, None))),
    row(
        "queue-6",
        "an old message around a lost minute",
        FAIL,
        "nine of ten",
        oldest(but(but(always(0), 100, 10, 999), 104, 1, None)),
    ),
]


@each(SITUATIONS)
def test_a_situation_has_its_right_verdict(situation: Situation) -> None:
    """Each row of the table has its right verdict."""
    situation.test()
