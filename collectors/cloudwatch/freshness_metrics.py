"""Tells telemetry how the rows of one source stand at the end of a round."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from basewatch.telemetry import Telemetry
from collectors.cloudwatch.counters import Change
from collectors.cloudwatch.layout import Group, Layout
from collectors.cloudwatch.series_state import Ledger
from collectors.cloudwatch.snapshot import Snapshot


def tell(
    telemetry: Telemetry, ledger: Ledger, snapshot: Snapshot, *, asked: Collection[int], at: datetime, seconds: float
) -> int:
    """Says how every group stands; `asked` are the numbers of those that were part of a round of `seconds` at `at`.

    A group is up when every row of it was got the last time it was asked for. How many periods could not be made up
    for is returned.
    """
    layout, stale, shown = ledger.layout, ledger.stale(), snapshot.shown(at)
    for number, group in enumerate(layout.groups):
        telemetry.series.labels(*group).set(shown[number])
        telemetry.stale_series.labels(*group).set(stale[number])
        if ledger.newest[number]:
            telemetry.newest_datapoint.labels(*group).set(ledger.newest[number])
        if number in asked:
            telemetry.refresh_seconds.labels(*group).set(seconds)
            telemetry.last_attempt.labels(*group).set(at.timestamp())
            telemetry.up.labels(*group).set(not stale[number])
            if not stale[number]:
                telemetry.last_success.labels(*group).set(at.timestamp())
    drop(telemetry, layout, ledger.left_out(snapshot.expires, at.timestamp()), "not_got")
    return _tell_of_changes(telemetry, ledger)


def forget(telemetry: Telemetry, groups: Iterable[Group]) -> None:
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


def drop(telemetry: Telemetry, layout: Layout, rows: Iterable[int], reason: str) -> None:
    """Counts series that are no longer shown, or not as they should be."""
    for row in rows:
        telemetry.dropped.labels(layout.queries[row].target.collector, reason).inc()


def _tell_of_changes(telemetry: Telemetry, ledger: Ledger) -> int:
    holes = 0
    for (row, change), count in ledger.changes().items():
        collector = ledger.layout.queries[row].target.collector
        if change is Change.LATE:
            telemetry.late_datapoints.labels(collector).inc(count)
        elif change is Change.HOLE:
            telemetry.dropped.labels(collector, "gap").inc(count)
            holes += count
        else:
            telemetry.corrections.labels(collector, change.value).inc(count)
    return holes
