"""A check of the throttled requests of a DynamoDB table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Table
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_sum
from checks.service.promises import rate_promise
from checks.service.sustained import judge_rate, no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TableThrottles:
    """The consumed capacity, the throttle events and the throttled requests of a table, minute by minute.

    The requests are those of every collected operation, on the table and on its indexes.
    """

    read_units: AlignedSeries
    write_units: AlignedSeries
    read_throttles: AlignedSeries
    write_throttles: AlignedSeries
    throttled_requests: AlignedSeries | None


def table_throttles(metrics: MetricsClient, table: Table) -> TableThrottles:
    """Consumed capacity, throttle events and throttled requests of the table and of its declared indexes.

    Raises: ObservationError, when they were not collected.
    """

    def of(family: str) -> AlignedSeries:
        return read_sum(metrics, table, f"aws_dynamodb_{family}_total")

    requests = metrics.collects(table.ref, "aws_dynamodb_throttled_requests_total")
    return TableThrottles(
        read_units=of("consumed_read_capacity_units"),
        write_units=of("consumed_write_capacity_units"),
        read_throttles=of("read_throttle_events"),
        write_throttles=of("write_throttle_events"),
        throttled_requests=of("throttled_requests") if requests else None,
    )


@check(
    "service.table.throttles",
    component=Table,
    observe=table_throttles,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("throttled_below",),
    follows_from=(no_data_because_of("inventory.table.active"), *DEPENDENCIES),
)
def throttled_below(facts: TableThrottles, table: Table, _now: datetime) -> Iterator[Verdict]:
    """The rate at which the table throttles requests stays below its limit.

    Why: The table rejects a throttled request, and retries multiply the load.
    Reads: ReadThrottleEvents and WriteThrottleEvents of AWS/DynamoDB for the table and its declared indexes, and
    ThrottledRequests of its operations, which include those on indexes; the larger of the two sums counts. DynamoDB
    publishes them only when there are some. So a minute without them has no throttling, if the consumed capacity shows
    that the table was used. It fails when the rate is above the limit for the promised duration.
    Unverified when: The metrics could not be collected, the window is shorter than the promised duration, or minutes
    are missing that may hide a breach. If CloudWatch has no datapoint of the table it is not applicable.
    Fix: Switch the table to on-demand or raise its capacity, and find hot keys with Contributor Insights.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    events, requests = facts.read_throttles.plus(facts.write_throttles), facts.throttled_requests
    throttled = events if requests is None else events.combined(requests, _larger)
    units = facts.read_units.plus(facts.write_units)
    used = units.combined(throttled, lambda consumed, refused: None if consumed is refused is None else 1.0)
    seconds = units.period.total_seconds()
    rate = throttled.combined(used, lambda refused, use: None if use is None else (refused or 0) / seconds)
    promise = rate_promise("the rate of throttled requests", table.throttled_below)
    yield judge_rate(rate, used, promise, idle_verdict=no_activity_verdict("read or write of the table"))


def _larger(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)
