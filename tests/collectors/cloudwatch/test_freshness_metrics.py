"""What cannot be got is held, flagged and left out, one region without the others; and what is told of it."""

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
    Evented,
    Shelf,
    bench,
    minutes,
    one_a_minute,
    only,
    shown,
    target,
)
from tests.fakes import NOON

PAGE = "collectors.cloudwatch"


def test_a_series_that_cannot_be_got_is_held_flagged_and_left_out() -> None:
    """It keeps its last value for the hold, and is never lost in silence; what was missed counts when it is back."""
    exporter = bench()
    exporter.tick()
    exporter.source.fails = lambda _query: FAILED
    assert only(exporter.tick(minutes(15))) == 0.0
    assert [exporter.standing(name) for name in ("up", "series", "stale_series")] == [0, 1, 1]
    assert exporter.tick() == {}
    assert [exporter.standing(name) for name in ("up", "series", "stale_series")] == [0, 0, 1]
    assert exporter.told("basewatch_series_dropped_total", collector="lambda", reason="not_got") == 1
    exporter.tick()
    assert exporter.told("basewatch_series_dropped_total", collector="lambda", reason="not_got") == 1
    exporter.source.fails = lambda _query: None
    assert only(exporter.tick()) == 18.0
    assert [exporter.standing(name) for name in ("up", "series", "stale_series")] == [1, 1, 0]


def test_a_page_without_refreshes_runs_dry() -> None:
    """When no refresh comes any more, what is shown is left out all the same once it is too old."""
    exporter = bench()
    exporter.tick()
    (young,) = exporter.refresher.blocks(exporter.at + minutes(15))
    assert shown(exporter.refresher.blocks(exporter.at + minutes(16))) == {}
    # The page that was handed out before is as it was.
    assert list(young.values) == [0.0]


def test_a_series_of_two_targets_is_shown_once_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """The first keeps it; the other is counted and logged once."""
    twice = target()
    exporter = bench(twice, replace(twice, resource=replace(twice.resource, dimensions=(("Other", "x"),))))
    exporter.tick()
    exporter.tick()
    assert len(exporter.shown()) == 1
    assert exporter.told("basewatch_series_dropped_total", collector="lambda", reason="duplicate") == 1
    assert caplog.text.count("asked for twice") == 1


def test_a_group_that_is_gone_is_not_told_of() -> None:
    """No up or age of a collector that has no series there any more."""
    exporter = bench()
    exporter.tick()
    assert exporter.standing("up") == 1
    exporter.targets = ()
    exporter.tick()
    assert exporter.standing("up") is None


def test_what_is_told_of_a_good_refresh() -> None:
    """When it was tried and succeeded, and how new the newest datapoint is."""
    exporter = bench()
    exporter.tick()
    at = exporter.at.timestamp()
    assert [exporter.standing(f"last_{what}_timestamp_seconds") for what in ("attempt", "success")] == [at, at]
    assert exporter.standing("newest_datapoint_timestamp_seconds") == exporter.settled
    assert exporter.refresher.attempted == exporter.refresher.succeeded == {"lambda"}
    exporter.source.fails = lambda _query: FAILED
    exporter.tick()
    assert exporter.standing("last_success_timestamp_seconds") == at
    assert exporter.standing("last_attempt_timestamp_seconds") == at + MINUTE


def test_a_collector_that_nobody_answered_was_only_attempted() -> None:
    """Readiness can tell what was tried from what was answered."""
    exporter = bench()
    assert exporter.refresher.attempted == frozenset()
    exporter.source.fails = lambda _query: FAILED
    exporter.tick()
    assert exporter.refresher.attempted == {"lambda"}
    assert exporter.refresher.succeeded == frozenset()


def test_corrections_and_late_datapoints_are_told() -> None:
    """By collector: what was late, what grew and what shrank."""
    known = ({-1: 1.0, -2: 5.0}, {-1: 2.0, -2: 2.0, -3: 3.0})
    exporter = bench()
    exporter.tick()
    exporter.source.value = lambda _query, _start, _now: None
    exporter.tick(minutes(5))
    first = exporter.settled
    for values in known:
        exporter.source.value = partial(_of_minute, values, first)
        exporter.tick()
    told = exporter.told
    assert told("basewatch_collector_late_datapoints_total", collector="lambda") == 3
    assert told("basewatch_collector_corrections_total", collector="lambda", direction="up") == 1
    assert told("basewatch_collector_corrections_total", collector="lambda", direction="down") == 1


def _of_minute(values: Mapping[int, float], first: int, _query: Query, start: int, _now: float) -> float | None:
    return values.get((start - first) // MINUTE)


class Hanging(Evented):
    """A source that answers nothing until it is let go."""

    free = Event()

    def fetch(self, call: Call) -> FetchResult:
        """Waits, and then says that there was no answer."""
        assert self.free.wait(20)
        self.fails = lambda _query: DOWN
        return super().fetch(call)


def test_a_region_that_hangs_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time it is waited for within reason, then no more; its series are flagged, the others are new."""
    monkeypatch.setattr("collectors.cloudwatch.planner.MAX_QUERIES", 1)
    monkeypatch.setattr("collectors.cloudwatch.refresh._SUSPECT_SECONDS", 0.01)
    dead = Hanging(one_a_minute, region="eu-west-1")
    dead.free = Event()
    alive = Evented(one_a_minute)
    collection = CollectorSettings(concurrency=2)
    targets = [target(name=str(number), region=region) for number in range(6) for region in ("us-east-1", "eu-west-1")]
    telemetry = ExporterMetrics()
    refresher = Refresher(
        collection=collection.model_copy(update={"fast": timedelta(seconds=0.2)}),
        targets=lambda: targets,
        source_of=lambda _account, region: dead if region == "eu-west-1" else alive,
        telemetry=telemetry,
        counter_store=Shelf(),
    )
    for minute in range(3):
        refresher.refresh(NOON + minutes(minute))
    values = shown(refresher.blocks(NOON + minutes(2)))
    assert values == dict.fromkeys(values, 2.0)
    assert len(values) == 6
    assert telemetry.registry.get_sample_value("basewatch_collector_overruns_total") == 2
    # It is said long before the call that hangs gives up.
    place = {"collector": "lambda", "aws_account_id": ACCOUNT, "aws_region": "eu-west-1"}
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place) == 0
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place | {"aws_region": "us-east-1"}) == 1
    dead.free.set()
    for site in refresher._sites.values():
        assert site.cycle is None or site.cycle.done.wait(20)
    assert telemetry.registry.get_sample_value("basewatch_collector_up", place) == 0
    assert telemetry.registry.get_sample_value("basewatch_collector_stale_series", place) == 6
    # One call found out that nobody answers; the others were not even made.
    assert len(dead.calls) == 1


def test_a_place_that_cannot_be_asked_is_flagged() -> None:
    """An account without a source is down and its series are missing; when there is one, they are got."""
    exporter = bench()
    source, exporter.refresher._source_of = exporter.source, lambda _account, _region: _raise()
    assert exporter.tick() == {}
    assert [exporter.standing(name) for name in ("up", "stale_series")] == [0, 1]
    exporter.refresher._source_of = lambda _account, _region: source
    assert only(exporter.tick()) == 0.0


def _raise() -> Evented:
    raise ObservationError(Reason.DENIED, "no such role")


def test_a_refresh_at_a_time() -> None:
    """A refresh while another runs is left out, and counted."""
    exporter = bench()
    exporter.source.fails = lambda _query: exporter.refresher.refresh(exporter.at)
    exporter.tick()
    assert exporter.told("basewatch_collector_overruns_total") == 1


def test_a_bug_in_one_answer_takes_nothing_else_along(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be taken in is logged and flagged, and the refresh ends."""
    exporter = bench()
    exporter.tick()
    monkeypatch.setattr(SourceState, "_listen", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, logger=PAGE):
        assert only(exporter.tick()) == 0.0
    assert exporter.standing("up") == 0
    assert "could not be taken in" in caplog.text
