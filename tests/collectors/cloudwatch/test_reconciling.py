"""The increases that Prometheus sees add up to CloudWatch's counts exactly, whatever happens in between."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from basewatch.collector import RefreshTier
from basewatch.config.collection import CollectorSettings
from basewatch.family import MetricType, series_text
from basewatch.quantities import parse_duration
from collectors.cloudwatch.planner import MAX_DATAPOINTS, Query
from tests.collectors.cloudwatch.fake_events import (
    ACCOUNT,
    DOWN,
    FAILED,
    REGION,
    FakeEventSource,
    LateEvents,
    RefresherHarness,
    spec,
    target,
)

FIVE_MINUTES = timedelta(minutes=5)
SPECS = (
    spec("fast_total"),
    spec("standard_total", tier=RefreshTier.STANDARD),
    spec("slow_total", tier=RefreshTier.SLOW),
    spec("coarse_total", period=FIVE_MINUTES, tier=RefreshTier.STANDARD),
    spec("high", type=MetricType.GAUGE),
)
COUNTED = tuple(each for each in SPECS if each.is_counter)
TARGETS = tuple(target(*SPECS, name=name) for name in ("a", "b"))
FAILURES = {
    "none": lambda _query: None,
    "some": lambda query: FAILED if query.target is TARGETS[0] or query.spec.tier is RefreshTier.SLOW else None,
    "all": lambda _query: FAILED,
    "down": lambda _query: DOWN,
}

Step = tuple[str, int, int]
ticks = st.tuples(st.just("tick"), st.sampled_from([1, 1, 1, 2, 3, 7, 16, 45, 200]), st.integers(0, 29))
failures = st.tuples(st.sampled_from(sorted(FAILURES)), st.just(0), st.just(0))
restarts = st.tuples(st.just("restart"), st.integers(0, 4), st.just(0))
steps = st.lists(st.one_of(ticks, ticks, ticks, failures, restarts), min_size=3, max_size=30)


@dataclass(slots=True)
class PrometheusServer:
    """A Prometheus server's view: increases between scraped samples."""

    last: dict[str, float] = field(default_factory=dict[str, float])
    increase: dict[str, float] = field(default_factory=dict[str, float])

    def scrape(self, values: dict[str, float]) -> None:
        """Scrapes a page. A decrease would be taken for a counter reset, so none is allowed."""
        for series, value in values.items():
            if not series.startswith("high"):
                before = self.last.get(series, value)
                assert value >= before, (series, before, value)
                self.increase[series] = self.increase.get(series, 0.0) + value - before
                self.last[series] = value


@dataclass(slots=True)
class Timeline:
    """An exporter after its first page, and the events that follow."""

    rumours: LateEvents
    prometheus: PrometheusServer = field(default_factory=PrometheusServer)
    harness: RefresherHarness = field(init=False)
    born: int = field(init=False)

    def __post_init__(self) -> None:
        """Starts."""
        collection = CollectorSettings(fast=parse_duration("1m"), standard=FIVE_MINUTES, slow=parse_duration("30m"))
        self.harness = RefresherHarness(FakeEventSource(self.rumours.known), TARGETS, collection)
        self.prometheus.scrape(self.harness.tick())
        self.born = self.harness.settled

    def play(self, happening: list[Step], at_most: int) -> None:
        """Plays the events; one response holds `at_most` datapoints.

        Time passes, calls fail, and processes end and are followed by others with the saved counters.
        """
        with patch("collectors.cloudwatch.planned_calls.MAX_DATAPOINTS", at_most):
            self._play(happening)

    def _play(self, happening: list[Step]) -> None:
        for what, number, seconds in happening:
            if what == "tick":
                self.prometheus.scrape(self.harness.tick(timedelta(minutes=number, seconds=seconds)))
            elif what == "restart":
                versions = self.harness.store.versions
                self.harness.store.kept = dict(versions[max(0, len(versions) - 1 - number)])
                self.harness.restart()
                assert self.harness.shown() == {}
            else:
                self.harness.source.fails = FAILURES[what]
        # In the end all calls succeed, and every tier is refreshed.
        self.harness.source.fails = FAILURES["none"]
        for _ in range(2):
            self.prometheus.scrape(self.harness.tick(timedelta(minutes=31)))

    def truth(self, query: Query) -> float:
        """The number of events since the start, as CloudWatch has it now."""
        period = round(query.spec.period.total_seconds())
        first, last = self.born // period * period, self.harness.settled // period * period
        return self.rumours.total(query, first, last, self.harness.source.now)


def text(query: Query) -> str:
    """The text of a query's series."""
    place = ("aws_account_id", ACCOUNT), ("aws_region", REGION)
    return series_text(query.spec.series_name, (*place, *query.target.resource.labels)).decode()


@given(steps, st.integers(0, 10**6), st.sampled_from([100, 100_800]))
@settings(max_examples=60)
def test_increases_add_up_exactly(happening: list[Step], seed: int, at_most: int) -> None:
    """No event is missing or counted twice, however late it arrives and however often calls or processes fail."""
    story = Timeline(LateEvents(seed=seed))
    story.play(happening, at_most)
    for query in (Query(each, counted) for each in TARGETS for counted in COUNTED):
        assert story.prometheus.last[text(query)] == story.truth(query)
        assert story.prometheus.increase[text(query)] == story.truth(query)


@given(steps, st.integers(0, 10**6))
@settings(max_examples=30)
def test_fractional_totals_never_decrease(happening: list[Step], seed: int) -> None:
    """A total of tenths never decreases, in any order of additions, and is exact to the last digits."""
    story = Timeline(LateEvents(seed=seed, step=0.1))
    story.play(happening, MAX_DATAPOINTS)
    query = Query(TARGETS[0], COUNTED[0])
    assert math.isclose(story.prometheus.last[text(query)], story.truth(query), rel_tol=1e-15)
