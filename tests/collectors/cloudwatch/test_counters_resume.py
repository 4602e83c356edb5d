"""Counters go on over restarts and absences."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import pytest

from tests.collectors.cloudwatch.fake_events import (
    FAILED,
    Shelf,
    bench,
    minutes,
    only,
    target,
)


def test_a_restart_goes_on_without_a_dip() -> None:
    """Nothing is shown before the first refresh, and then what it was, and all that happened meanwhile."""
    exporter = bench()
    exporter.tick()
    assert only(exporter.tick(minutes(10))) == 10.0
    exporter.restart()
    assert exporter.shown() == {}
    exporter.source.fails = lambda _query: FAILED
    assert exporter.tick(minutes(60)) == {}
    exporter.source.fails = lambda _query: None
    assert only(exporter.tick(minutes(60))) == 130.0


def test_what_one_answer_cannot_hold_is_caught_up_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long absence is made up for within one refresh, call after call, each no larger than an answer may be."""
    monkeypatch.setattr("collectors.cloudwatch.planned_calls.MAX_DATAPOINTS", 100)
    exporter = bench()
    exporter.tick()
    exporter.restart()
    before = len(exporter.source.calls)
    assert only(exporter.tick(minutes(1000))) == 1000.0
    # What was read is read again by the next call, as far as it may still change: five minutes.
    assert [call.window.length for call in exporter.source.calls[before:]] == [*[minutes(100)] * 10, minutes(50)]
    assert exporter.source.calls[-1].window.end == exporter.at - minutes(2)


def test_what_no_catching_up_can_reach_is_a_hole_and_flagged(caplog: pytest.LogCaptureFixture) -> None:
    """More than a day is not made up for: the counter goes on, and the hole is counted and logged."""
    exporter = bench()
    exporter.tick()
    exporter.tick(minutes(10))
    exporter.restart()
    assert only(exporter.tick(timedelta(days=2))) == 5 + 24 * 60
    assert exporter.told("basewatch_series_dropped_total", collector="lambda", reason="gap") == 1
    assert "1 counters miss what was more than 1d" in caplog.text


@pytest.mark.parametrize("state", [b"", b"0<garbage", b"1l\x00\x00\x00\x00\x00\x00\x00\x01garbage", b"\xff" * 99])
def test_state_that_cannot_be_read_is_left_aside(state: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Counters begin again, which Prometheus allows for; it is said, and nothing stops."""
    exporter = bench()
    exporter.tick()
    exporter.shelf.kept = dict.fromkeys(exporter.shelf.kept, state)
    exporter.restart()
    assert only(exporter.tick()) == 0.0
    assert ("begin again at zero" in caplog.text) == bool(state)


def test_a_shelf_that_is_broken_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Where counters stand can neither be read nor kept: it is logged, and they count."""
    exporter = bench(shelf=Shelf(broken=True))
    exporter.tick()
    assert only(exporter.tick()) == 1.0
    assert "the disk is full" in caplog.text


def test_it_is_kept_once_a_minute_and_at_the_end() -> None:
    """Refreshes within a minute keep nothing more; closing does."""
    exporter = bench()
    exporter.tick()
    exporter.tick(timedelta(seconds=20))
    assert len(exporter.shelf.versions) == 1
    exporter.refresher.close(exporter.at)
    assert len(exporter.shelf.versions) == 2


def test_nobody_waits_for_what_is_kept() -> None:
    """A store that is slow holds up neither the refresh nor the page; the next refresh comes when all is written."""
    exporter, written = bench(), Event()
    exporter.shelf = SlowShelf(written=written)
    exporter.restart()
    exporter.refresher.refresh(exporter.at)
    assert only(exporter.shown()) == 0.0
    assert exporter.shelf.versions == []
    written.set()
    exporter.tick()
    assert len(exporter.shelf.versions) == 2


@dataclass(slots=True)
class SlowShelf(Shelf):
    """Keeps things when it is let."""

    written: Event = field(default_factory=Event)

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Waits, and keeps it."""
        assert self.written.wait(20)
        Shelf.save_counters(self, location, state, at)


def test_a_series_that_leaves_and_returns_goes_on() -> None:
    """It is shown as it was last, so that what happened meanwhile is an increase that is seen."""
    exporter = bench(target(name="a"), target(name="b"))
    exporter.tick()
    exporter.tick(minutes(5))
    both, exporter.targets = exporter.targets, exporter.targets[:1]
    assert len(exporter.tick()) == 1
    assert exporter.told("basewatch_series_dropped_total", collector="lambda", reason="gone") == 1
    exporter.tick(timedelta(hours=3))
    exporter.targets = both
    of_b = [[value for text, value in exporter.tick().items() if '"b"' in text] for _ in range(2)]
    assert of_b == [[5.0], [188.0]]


def test_a_series_that_was_gone_for_longer_begins_again() -> None:
    """What left more than a day ago is forgotten."""
    exporter = bench(target(name="a"), target(name="b"))
    exporter.tick()
    exporter.tick(minutes(5))
    both, exporter.targets = exporter.targets, exporter.targets[:1]
    exporter.tick()
    exporter.tick(timedelta(hours=25))
    exporter.targets = both
    assert [value for text, value in exporter.tick().items() if '"b"' in text] == [0.0]
