"""Counters resume after restarts and after their series return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import pytest

from tests.collectors.cloudwatch.fake_events import (
    FAILED,
    MemoryStore,
    harness,
    minutes,
    only,
    target,
)


def test_a_restart_resumes_without_a_decrease() -> None:
    """No series before the first refresh; then the saved value, and everything that happened meanwhile."""
    exporter = harness()
    exporter.tick()
    assert only(exporter.tick(minutes(10))) == 10.0
    exporter.restart()
    assert exporter.shown() == {}
    exporter.source.fails = lambda _query: FAILED
    assert exporter.tick(minutes(60)) == {}
    exporter.source.fails = lambda _query: None
    assert only(exporter.tick(minutes(60))) == 130.0


def test_a_long_outage_is_caught_up_in_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long outage is caught up within one refresh, in calls that each fit one response."""
    monkeypatch.setattr("collectors.cloudwatch.planned_calls.MAX_DATAPOINTS", 100)
    exporter = harness()
    exporter.tick()
    exporter.restart()
    before = len(exporter.source.calls)
    assert only(exporter.tick(minutes(1000))) == 1000.0
    # The next call reads again what may still change: five minutes.
    assert [call.window.length for call in exporter.source.calls[before:]] == [*[minutes(100)] * 10, minutes(50)]
    assert exporter.source.calls[-1].window.end == exporter.at - minutes(2)


def test_events_beyond_the_catch_up_limit_are_a_reported_gap(caplog: pytest.LogCaptureFixture) -> None:
    """Events older than a day are not caught up: the counter continues, and the gap is counted and logged."""
    exporter = harness()
    exporter.tick()
    exporter.tick(minutes(10))
    exporter.restart()
    assert only(exporter.tick(timedelta(days=2))) == 5 + 24 * 60
    assert exporter.metric("basewatch_series_dropped_total", collector="lambda", reason="gap") == 1
    assert "1 counters have a gap, because the missing periods are more than 1d old" in caplog.text


@pytest.mark.parametrize("state", [b"", b"0<garbage", b"1l\x00\x00\x00\x00\x00\x00\x00\x01garbage", b"\xff" * 99])
def test_unreadable_state_is_ignored(state: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Counters restart at zero, which Prometheus handles as a reset; a warning is logged."""
    exporter = harness()
    exporter.tick()
    exporter.store.kept = dict.fromkeys(exporter.store.kept, state)
    exporter.restart()
    assert only(exporter.tick()) == 0.0
    assert ("restart at zero" in caplog.text) == bool(state)


def test_a_broken_store_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Counters that can be neither loaded nor saved are logged, and still count."""
    exporter = harness(store=MemoryStore(broken=True))
    exporter.tick()
    assert only(exporter.tick()) == 1.0
    assert "the disk is full" in caplog.text


def test_counters_are_saved_once_a_minute_and_at_shutdown() -> None:
    """Counters are saved once a minute and at shutdown."""
    exporter = harness()
    exporter.tick()
    exporter.tick(timedelta(seconds=20))
    assert len(exporter.store.versions) == 1
    exporter.refresher.close(exporter.at)
    assert len(exporter.store.versions) == 2


def test_a_slow_store_delays_nothing() -> None:
    """A slow store delays neither the refresh nor the page; the next refresh waits for it."""
    exporter, written = harness(), Event()
    exporter.store = SlowStore(written=written)
    exporter.restart()
    exporter.refresher.refresh(exporter.at)
    assert only(exporter.shown()) == 0.0
    assert exporter.store.versions == []
    written.set()
    exporter.tick()
    assert len(exporter.store.versions) == 2


@dataclass(slots=True)
class SlowStore(MemoryStore):
    """Saves only when released."""

    written: Event = field(default_factory=Event)

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Waits, then saves."""
        assert self.written.wait(600)
        MemoryStore.save_counters(self, location, state, at)


def test_a_returning_series_resumes() -> None:
    """A returning series shows its last value first, so that Prometheus sees the increase in between."""
    exporter = harness(target(name="a"), target(name="b"))
    exporter.tick()
    exporter.tick(minutes(5))
    both, exporter.targets = exporter.targets, exporter.targets[:1]
    assert len(exporter.tick()) == 1
    assert exporter.metric("basewatch_series_dropped_total", collector="lambda", reason="gone") == 1
    exporter.tick(timedelta(hours=3))
    exporter.targets = both
    of_b = [[value for text, value in exporter.tick().items() if '"b"' in text] for _ in range(2)]
    assert of_b == [[5.0], [188.0]]


def test_a_series_that_was_gone_for_a_day_restarts() -> None:
    """A series that left more than a day ago restarts at zero."""
    exporter = harness(target(name="a"), target(name="b"))
    exporter.tick()
    exporter.tick(minutes(5))
    both, exporter.targets = exporter.targets, exporter.targets[:1]
    exporter.tick()
    exporter.tick(timedelta(hours=25))
    exporter.targets = both
    assert [value for text, value in exporter.tick().items() if '"b"' in text] == [0.0]
