"""Tells telemetry how the rows of one source stand at the end of a round."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.counters import PeriodChange
from collectors.cloudwatch.layout import CollectorLocation, Layout
from collectors.cloudwatch.series_state import SeriesState
from collectors.cloudwatch.snapshot import Snapshot


def record_cycle(
    telemetry: ExporterMetrics,
    series_state: SeriesState,
    snapshot: Snapshot,
    *,
    requested: Collection[int],
    at: datetime,
    seconds: float,
) -> int:
    """Says how every group stands; `requested` are the numbers of those that were part of a round of `seconds` at `at`.

    A group is up when every row of it was got the last time it was asked for. How many periods could not be made up
    for is returned.
    """
    layout, stale, shown = series_state.layout, series_state.failed_counts(), snapshot.shown_counts(at)
    for number, group in enumerate(layout.collector_locations):
        telemetry.series.labels(*group).set(shown[number])
        telemetry.stale_series.labels(*group).set(stale[number])
        if series_state.newest_period_end[number]:
            telemetry.newest_datapoint.labels(*group).set(series_state.newest_period_end[number])
        if number in requested:
            telemetry.refresh_seconds.labels(*group).set(seconds)
            telemetry.last_attempt.labels(*group).set(at.timestamp())
            telemetry.up.labels(*group).set(not stale[number])
            if not stale[number]:
                telemetry.last_success.labels(*group).set(at.timestamp())
    count_dropped(telemetry, layout, series_state.expire_rows(snapshot.expires, at.timestamp()), "not_got")
    return _tell_of_changes(telemetry, series_state)


def remove_gauges(telemetry: ExporterMetrics, groups: Iterable[CollectorLocation]) -> None:
    """Says nothing more of groups that have no series any longer."""
    for group in groups:
        for gauge in (
            telemetry.up,
            telemetry.refresh_seconds,
            telemetry.last_success,
            telemetry.last_attempt,
            telemetry.newest_datapoint,
            telemetry.series,
            telemetry.stale_series,
        ):
            gauge.remove(*group)


def count_dropped(telemetry: ExporterMetrics, layout: Layout, rows: Iterable[int], reason: str) -> None:
    """Counts series that are no longer shown, or not as they should be."""
    for row in rows:
        telemetry.dropped_series.labels(layout.queries[row].target.collector, reason).inc()


def _tell_of_changes(telemetry: ExporterMetrics, ledger: SeriesState) -> int:
    holes = 0
    for (row, change), count in ledger.take_changes().items():
        collector = ledger.layout.queries[row].target.collector
        if change is PeriodChange.LATE:
            telemetry.late_datapoints.labels(collector).inc(count)
        elif change is PeriodChange.GAP:
            telemetry.dropped_series.labels(collector, "gap").inc(count)
            holes += count
        else:
            telemetry.corrections.labels(collector, change.value).inc(count)
    return holes
