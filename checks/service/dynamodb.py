"""Whether DynamoDB tables turn requests away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Table
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.service.minute_grid import AlignedSeries, read_series
from checks.service.promises import rate_promise
from checks.service.sustained import judge_sustained, no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TableThrottles:
    """What a table consumed and how often it throttled, minute by minute."""

    read_units: AlignedSeries
    write_units: AlignedSeries
    read_throttles: AlignedSeries
    write_throttles: AlignedSeries


def table_throttles(metrics: MetricsClient, table: Table) -> TableThrottles:
    """Consumed capacity and throttle events of the table. Raises: ObservationError, when they were not collected."""

    def of(family: str) -> AlignedSeries:
        return read_series(metrics, table, f"aws_dynamodb_{family}_total")

    return TableThrottles(
        read_units=of("consumed_read_capacity_units"),
        write_units=of("consumed_write_capacity_units"),
        read_throttles=of("read_throttle_events"),
        write_throttles=of("write_throttle_events"),
    )


@check(
    "service.table.throttles",
    component=Table,
    observe=table_throttles,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("throttled_below",),
)
def throttled_below(facts: TableThrottles, table: Table, _now: datetime) -> Iterator[Verdict]:
    """The rate at which the table throttles requests stays below its limit.

    Why: A throttled request is one that the table refused, and retries make a crowd of it.
    Reads: ReadThrottleEvents and WriteThrottleEvents of AWS/DynamoDB, minute by minute, added up. DynamoDB publishes
    them only when there are some, so a minute without is a minute without throttling, as long as Consumed capacity
    shows that the table is there and used. Broken when every minute of a stretch as long as the limit says is above.
    Unverified when: The metrics could not be collected, or the window is shorter than the limit's stretch. When
    CloudWatch has nothing of the table at all it is not applicable.
    Fix: Switch the table to on-demand or raise its capacity, and look for a hot key with Contributor Insights.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    reads, writes = facts.read_throttles, facts.write_throttles
    seconds = reads.period.total_seconds()
    rate = reads.combined(writes, lambda read, write: ((read or 0) + (write or 0)) / seconds)
    used = facts.read_units.plus(facts.write_units)
    busy = tuple(units is not None for units in used.values)
    promise = rate_promise("the rate of throttled requests", table.throttled_below)
    yield judge_sustained(rate, busy, promise, idle_verdict=no_activity_verdict("read or write of the table"))
