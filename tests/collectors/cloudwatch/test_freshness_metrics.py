"""Series that cannot be fetched are kept, flagged and then removed, per region; telemetry reports it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event

import pytest

from basewatch.config.collection import CollectorSettings
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call, Query
from collectors.cloudwatch.refresh import Refresher
from collectors.cloudwatch.source_state import SourceState
from tests.collectors.cloudwatch.fake_events import (
    ACCOUNT,
    DOWN,
    FAILED,
    MINUTE,
    FakeEventSource,
    MemoryStore,
    harness,
    minutes,
    one_a_minute,
    only,
    shown,
    target,
)
from tests.fakes import NOON

PAGE = "collectors.cloudwatch"


def test_a_failing_series_is_kept_flagged_and_removed() -> None:
    """A series keeps its last value for the maximum staleness and is never lost silently; later it catches up."""
    exporter = harness()
    exporter.tick()
    exporter.source.fails = lambda _query: FAILED
    assert only(exporter.tick(minutes(15))) == 0.0
    assert [exporter.collector_metric(name) for name in ("up", "series", "stale_series")] == [0, 1, 1]
    assert exporter.tick() == {}
    assert [exporter.collector_metric(name) for name in ("up", "series", "stale_series")] == [0, 0, 1]
    assert exporter.metric("basewatch_series_dropped_total", collector="lambda", reason="expired") == 1
    exporter.tick()
    assert exporter.metric("basewatch_series_dropped_total", collector="lambda", reason="expired") == 1
    exporter.source.fails = lambda _query: None
    assert only(exporter.tick()) == 18.0
    assert [exporter.collector_metric(name) for name in ("up", "series", "stale_series")] == [1, 1, 0]


def test_series_expire_without_refreshes() -> None:
    """Without further refreshes, series still disappear when they are too old."""
    exporter = harness()
    exporter.tick()
    (young,) = exporter.refresher.blocks(exporter.at + minutes(15))
    assert shown(exporter.refresher.blocks(exporter.at + minutes(16))) == {}
    # The blocks that were returned before are unchanged.
    assert list(young.values) == [0.0]


def test_a_duplicate_series_is_exported_once_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    """The first target keeps the series; the other is counted and logged once."""
    twice = target()
    exporter = harness(twice, replace(twice, resource=replace(twice.resource, dimensions=(("Other", "x"),))))
    exporter.tick()
    exporter.tick()
    assert len(exporter.shown()) == 1
    assert exporter.metric("basewatch_series_dropped_total", collector="lambda", reason="duplicate") == 1
    assert caplog.text.count("is requested twice") == 1


def test_gauges_of_a_removed_location_are_removed() -> None:
    """A collector location without series has no gauges."""
    exporter = harness()
    exporter.tick()
    assert exporter.collector_metric("up") == 1
    exporter.targets = ()
    exporter.tick()
    assert exporter.collector_metric("up") is None


def test_metrics_of_a_successful_refresh() -> None:
    """Attempt, success and newest datapoint have their times."""
    exporter = harness()
    exporter.tick()
    at = exporter.at.timestamp()
    assert [exporter.collector_metric(f"last_{what}_timestamp_seconds") for what in ("attempt", "success")] == [at, at]
    assert exporter.collector_metric("newest_datapoint_timestamp_seconds") == exporter.settled
    assert exporter.refresher.attempted == exporter.refresher.succeeded == {"lambda"}
    exporter.source.fails = lambda _query: FAILED
    exporter.tick()
    assert exporter.collector_metric("last_success_timestamp_seconds") == at
    assert exporter.collector_metric("last_attempt_timestamp_seconds") == at + MINUTE


def test_a_collector_without_answers_is_only_attempted() -> None:
    """A collector without any answer is attempted but not succeeded."""
    exporter = harness()
    assert exporter.refresher.attempted == frozenset()
    exporter.source.fails = lambda _query: FAILED
    exporter.tick()
    assert exporter.refresher.attempted == {"lambda"}
    assert exporter.refresher.succeeded == frozenset()


def test_corrections_and_late_datapoints_are_counted() -> None:
    """Late, raised and lowered periods are counted by collector."""
    known = ({-1: 1.0, -2: 5.0}, {-1: 2.0, -2: 2.0, -3: 3.0})
    exporter = harness()
    exporter.tick()
    exporter.source.value = lambda _query, _start, _now: None
    exporter.tick(minutes(5))
    first = exporter.settled
    for values in known:
        exporter.source.value = partial(_of_minute, values, first)
        exporter.tick()
    metric = exporter.metric
    assert metric("basewatch_collector_late_datapoints_total", collector="lambda") == 3
    assert metric("basewatch_collector_corrections_total", collector="lambda", direction="up") == 1
    assert metric("basewatch_collector_corrections_total", collector="lambda", direction="down") == 1


def _of_minute(values: Mapping[int, float], first: int, _query: Query, start: int, _now: float) -> float | None:
    return values.get((start - first) // MINUTE)


class HangingSource(FakeEventSource):
    """A source that does not answer until it is released."""

    free = Event()

    def fetch(self, call: Call) -> FetchResult:
        """Waits, then answers with an error."""
        assert self.free.wait(600)
        self.fails = lambda _query: DOWN
        return super().fetch(call)


def test_a_hanging_region_does_not_delay_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hanging region is waited for once, briefly; its series are flagged, and the other region is up to date."""
    monkeypatch.setattr("collectors.cloudwatch.planner.MAX_QUERIES", 1)
    monkeypatch.setattr("collectors.cloudwatch.refresh._UNRESPONSIVE_WAIT_SECONDS", 0.01)
    dead = HangingSource(one_a_minute, region="eu-west-1")
    dead.free = Event()
    alive = FakeEventSource(one_a_minute)
    collection = CollectorSettings(concurrency=2)
    targets = [target(name=str(number), region=region) for number in range(6) for region in ("us-east-1", "eu-west-1")]
    telemetry = ExporterMetrics()
    refresher = Refresher(
        collection=collection.model_copy(update={"fast": timedelta(seconds=2)}),
        targets=lambda: targets,
        source_of=lambda _account, region: dead if region == "eu-west-1" else alive,
        telemetry=telemetry,
        counter_store=MemoryStore(),
    )
    for minute in range(3):
        refresher.refresh(NOON + minutes(minute))
    values = shown(refresher.blocks(NOON + minutes(2)))
    assert values == dict.fromkeys(values, 2.0)
    assert len(values) == 6
    assert telemetry.registry.get_sample_value("basewatch_collector_overruns_total") == 2
    # The region is reported down long before its call times out.
    place = {"collector": "lambda", "aws_account_id": ACCOUNT, "aws_region": "eu-west-1"}
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place) == 0
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place | {"aws_region": "us-east-1"}) == 1
    dead.free.set()
    for site in refresher._source_states.values():
        assert site.cycle is None or site.cycle.done.wait(600)
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place) == 0
    assert telemetry.registry.get_sample_value("basewatch_collector_stale_series", place) == 6
    # One call found the source unresponsive; the others were not made.
    assert len(dead.calls) == 1


def test_a_location_without_a_source_is_flagged() -> None:
    """A location without a source is down and its series are missing; with a source, they are fetched."""
    exporter = harness()
    source, exporter.refresher._source_of = exporter.source, lambda _account, _region: _raise()
    assert exporter.tick() == {}
    assert [exporter.collector_metric(name) for name in ("up", "stale_series")] == [0, 1]
    exporter.refresher._source_of = lambda _account, _region: source
    assert only(exporter.tick()) == 0.0


def _raise() -> FakeEventSource:
    raise ObservationError(Reason.DENIED, "no such role")


def test_a_refresh_at_a_time() -> None:
    """A refresh during another one is skipped and counted."""
    exporter = harness()
    exporter.source.fails = lambda _query: exporter.refresher.refresh(exporter.at)
    exporter.tick()
    assert exporter.metric("basewatch_collector_overruns_total") == 1


def test_a_bug_in_one_response_does_not_affect_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A response that cannot be processed is logged and flagged, and the refresh ends."""
    exporter = harness()
    exporter.tick()
    monkeypatch.setattr(SourceState, "_note_silence", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, logger=PAGE):
        assert only(exporter.tick()) == 0.0
    assert exporter.collector_metric("up") == 0
    assert "could not be processed" in caplog.text
