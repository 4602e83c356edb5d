"""Exports the freshness and completeness of one source's series at the end of a refresh cycle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from basewatch.collector import RefreshTier
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
    intervals: Mapping[RefreshTier, timedelta],
    at: datetime,
    seconds: float,
) -> int:
    """Sets the metrics of every collector location. `requested` are the indexes of those in this cycle.

    A collector location is up when the latest request for each of its rows succeeded. The cycle started at `at` and
    took `seconds`. Returns the number of gaps in counters that cannot be filled.
    """
    layout, failed, shown = series_state.layout, series_state.failed_counts(), snapshot.shown_counts(at)
    for index, location in enumerate(layout.collector_locations):
        telemetry.series.labels(*location).set(shown[index])
        telemetry.stale_series.labels(*location).set(failed[index])
        if series_state.newest_period_end[index]:
            telemetry.newest_datapoint.labels(*location).set(series_state.newest_period_end[index])
        shortest = min(intervals[tier] for tier in layout.location_tiers[index])
        telemetry.interval_seconds.labels(*location).set(shortest.total_seconds())
        if index in requested:
            telemetry.refresh_seconds.labels(*location).set(seconds)
            telemetry.last_attempt.labels(*location).set(at.timestamp())
            telemetry.up.labels(*location).set(not failed[index])
            if not failed[index]:
                telemetry.last_success.labels(*location).set(at.timestamp())
    count_dropped(telemetry, layout, series_state.expire_rows(snapshot.expires, at.timestamp()), "expired")
    return _record_changes(telemetry, series_state)


def remove_gauges(telemetry: ExporterMetrics, locations: Iterable[CollectorLocation]) -> None:
    """Removes the gauges of collector locations that no longer have series."""
    for location in locations:
        for gauge in (
            telemetry.up,
            telemetry.refresh_seconds,
            telemetry.last_success,
            telemetry.last_attempt,
            telemetry.interval_seconds,
            telemetry.newest_datapoint,
            telemetry.series,
            telemetry.stale_series,
        ):
            gauge.remove(*location)


def count_dropped(telemetry: ExporterMetrics, layout: Layout, rows: Iterable[int], reason: str) -> None:
    """Counts series that are dropped, or that are incomplete."""
    for row in rows:
        telemetry.dropped_series.labels(layout.queries[row].target.collector, reason).inc()


def _record_changes(telemetry: ExporterMetrics, series_state: SeriesState) -> int:
    gaps = 0
    for (row, change), count in series_state.take_changes().items():
        collector = series_state.layout.queries[row].target.collector
        if change is PeriodChange.LATE:
            telemetry.late_datapoints.labels(collector).inc(count)
        elif change is PeriodChange.GAP:
            telemetry.dropped_series.labels(collector, "gap").inc(count)
            gaps += count
        else:
            telemetry.corrections.labels(collector, change.value).inc(count)
    return gaps
