"""A check of the throttled requests of a DynamoDB table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Table
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import rate_promise
from checks.service.sustained import judge_sustained, no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TableThrottles:
    """The consumed capacity and the throttle events of a table, minute by minute."""

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

    Why: The table rejects a throttled request, and retries multiply the load.
    Reads: The sum of ReadThrottleEvents and WriteThrottleEvents of AWS/DynamoDB, minute by minute. DynamoDB publishes
    them only when there are some. So a minute without them has no throttling, if the consumed capacity shows that the
    table was used. It fails when the rate is above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, or the window is shorter than the promised duration. If
    CloudWatch has no datapoint of the table it is not applicable.
    Fix: Switch the table to on-demand or raise its capacity, and find hot keys with Contributor Insights.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    reads, writes = facts.read_throttles, facts.write_throttles
    seconds = reads.period.total_seconds()
    rate = reads.combined(writes, lambda read, write: ((read or 0) + (write or 0)) / seconds)
    used = facts.read_units.plus(facts.write_units)
    active = tuple(units is not None for units in used.values)
    promise = rate_promise("the rate of throttled requests", table.throttled_below)
    yield judge_sustained(rate, active, promise, idle_verdict=no_activity_verdict("read or write of the table"))
