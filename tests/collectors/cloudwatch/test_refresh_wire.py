"""Over real HTTP, counters equal what was sent, and resume from a real history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from basewatch.collector import RefreshTier
from basewatch.config.collection import CollectorSettings
from basewatch.history.store import History
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.planner import MAX_QUERIES, REREAD_SETTLE_DELAY
from collectors.cloudwatch.refresh import Refresher
from tests.collectors.cloudwatch.fake import MINUTE, FakeClock, FakeCloudWatch, FakeSigner, refusal, source
from tests.collectors.cloudwatch.fake_events import minutes, shown, spec, target
from tests.fakes import NOON

FUNCTIONS = 300
TARGETS = tuple(
    target(spec("fast_total"), spec("standard_total", tier=RefreshTier.STANDARD), name=f"f{number}")
    for number in range(FUNCTIONS)
)


@pytest.fixture
def refresher(cloudwatch: FakeCloudWatch, tmp_path: Path) -> Callable[[], Refresher]:
    """Processes that query this CloudWatch, one after another, with one history."""
    history = History.open(f"sqlite:///{tmp_path}/history.db")
    request = source(FakeSigner(cloudwatch.url), retry_policy=FakeClock().retry_policy(max_attempts=1))
    return lambda: Refresher(
        collection=CollectorSettings(),
        targets=lambda: TARGETS,
        source_of=lambda _account, _region: request,
        telemetry=ExporterMetrics(),
        counter_store=history,
    )


def sent(start: datetime, end: datetime) -> float:
    """The sum that the fake sends of one series between two refreshes: each minute's number within the day."""
    first, last = (int((at - REREAD_SETTLE_DELAY).timestamp()) // MINUTE for at in (start, end))
    return float(sum(minute % 1440 for minute in range(first, last)))


def test_every_counter_is_exact(refresher: Callable[[], Refresher], cloudwatch: FakeCloudWatch) -> None:
    """After hours of refreshes, failed calls and a restart, each of 600 counters is exact."""
    before, at = refresher(), NOON
    before.refresh(at)
    for minute in (1, 2, 5, 6, 7):
        at = NOON + minutes(minute)
        cloudwatch.answer_next(*[refusal("ThrottlingException")] * (minute == 6))
        before.refresh(at)
    retry_after, at = refresher(), NOON + minutes(200)
    retry_after.refresh(at)
    values = shown(retry_after.blocks(at))
    assert len(values) == 2 * FUNCTIONS
    assert values == dict.fromkeys(values, sent(NOON, at))


def test_a_refresh_takes_the_fewest_calls(refresher: Callable[[], Refresher], cloudwatch: FakeCloudWatch) -> None:
    """A steady refresh is one call for each 500 due queries, and no other request."""
    exporter = refresher()
    calls = list[int]()
    for minute in range(6):
        exporter.refresh(NOON + minutes(minute))
        calls.append(len(cloudwatch.requests))
        cloudwatch.requests.clear()
    both, fast = -(-2 * FUNCTIONS // MAX_QUERIES), -(-FUNCTIONS // MAX_QUERIES)
    assert calls == [both, fast, fast, fast, fast, both]
