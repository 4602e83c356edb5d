"""What is refreshed when, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from basewatch.collector import RefreshTier, Unit
from basewatch.config.collection import CollectorSettings
from basewatch.family import MetricType
from basewatch.quantities import parse_duration
from collectors.specs import Namespace
from tests.collectors.cloudwatch.fake_events import (
    MINUTE,
    bench,
    minutes,
    one_a_minute,
    only,
    shown,
    spec,
    target,
)
from tests.fakes import NOON

HEIGHT = spec("height", type=MetricType.GAUGE)


def test_a_counter_is_born_at_zero() -> None:
    """The first page shows 0, so that the first increase is seen; each minute then adds what happened in it."""
    exporter = bench()
    assert [only(exporter.tick()) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_a_discovered_resource_counts_from_its_first_event() -> None:
    """What appears later is new: it is shown as 0, and then with what happened before anybody could know of it."""
    exporter = bench(target(name="old"))
    exporter.tick()
    exporter.targets = (*exporter.targets, target(name="new"))
    of_new = [[value for text, value in exporter.tick().items() if "new" in text] for _ in range(2)]
    # Discovery is every 15 minutes, and CloudWatch lists what is new up to 15 minutes late.
    assert of_new == [[0.0], [31.0]]


@pytest.mark.parametrize("component", ["", "function/declared"])
def test_what_is_not_new_counts_from_now_on(component: str) -> None:
    """At the start of a process, and for what is declared, what was before is nobody's increase."""
    exporter = bench(target(name="a", component="function/a"))
    if component:
        exporter.tick()
        exporter.targets = (*exporter.targets, target(name="b", component=component))
    else:
        exporter.targets = (target(name="b"),)
    of_b = [[value for text, value in exporter.tick().items() if '"b"' in text] for _ in range(2)]
    assert of_b == [[0.0], [1.0]]


def test_the_factor_applies_to_what_is_shown() -> None:
    """Totals are kept in CloudWatch's unit: a thousand milliseconds are one second, exactly."""
    exporter = bench(target(spec(unit=Unit.MILLISECONDS)))
    exporter.tick()
    assert only(exporter.tick(minutes(1000))) == 1.0


def test_a_latency_is_a_summary_and_a_maximum() -> None:
    """Sum and count add up, quantiles and the maximum are the newest minute's; a summary's lines are side by side."""
    latency = Namespace(name="AWS/Lambda").latency("took", "Duration", unit=Unit.MILLISECONDS)
    exporter = bench(target(*(replace(each, tier=RefreshTier.FAST) for each in latency)))
    exporter.tick()
    exporter.tick(minutes(2))
    blocks = tuple(exporter.refresher.blocks(exporter.at))
    assert [block.family.name for block in blocks] == ["took_max_seconds", "took_seconds"]
    where = 'aws_account_id="123456789012",aws_region="us-east-1",function_name="f"'
    assert shown(blocks) == {
        f"took_max_seconds{{{where}}} ": 0.001,
        f"took_seconds_sum{{{where}}} ": 0.002,
        f"took_seconds_count{{{where}}} ": 2.0,
        f'took_seconds{{{where},quantile="0.95"}} ': 0.001,
        f'took_seconds{{{where},quantile="0.99"}} ': 0.001,
    }


def test_a_gauge_without_datapoints_is_no_data() -> None:
    """A gauge is shown while its newest reading is young enough, then left out; nothing is stale about that."""
    exporter = bench(target(HEIGHT))
    exporter.source.value = lambda _query, start, _now: 7.0 if start < exporter.at.timestamp() - 20 * MINUTE else None
    assert exporter.tick() == {}
    exporter.source.value = one_a_minute
    assert only(exporter.tick()) == 1.0
    exporter.source.value = lambda _query, _start, _now: None
    assert only(exporter.tick(minutes(13))) == 1.0
    assert exporter.tick(minutes(2)) == {}
    assert (exporter.standing("up"), exporter.standing("stale_series"), exporter.standing("series")) == (1, 0, 0)


def test_what_is_shown_stays_the_same_objects_between_refreshes() -> None:
    """Nothing is made anew for a scrape, and a page that was handed out is never changed."""
    exporter = bench()
    exporter.tick()
    first, again = tuple(exporter.refresher.blocks(exporter.at)), tuple(exporter.refresher.blocks(exporter.at))
    assert first[0] is again[0]
    exporter.tick()
    assert list(first[0].values) == [0.0]


def test_tiers_are_due_on_the_wall_clock() -> None:
    """The fast tier is asked at every tick, others when a multiple of their interval has come, together in one call."""
    collection = CollectorSettings(every=parse_duration("5m"), slow=parse_duration("10m"))
    exporter = bench(
        target(spec("a"), spec("b", tier=RefreshTier.STANDARD), spec("c", tier=RefreshTier.SLOW)), collection=collection
    )
    exporter.at = NOON + minutes(1.5)
    for _ in range(9):
        exporter.tick()
    asked = ["".join(sorted(query.spec.family for query in call.queries)) for call in exporter.source.calls]
    assert asked == ["abc", "a", "a", "ab", "a", "a", "a", "a", "abc"]


def test_what_is_new_is_asked_for_at_once() -> None:
    """A resource found between two hours is not shown in part: its slow metrics are asked for with the others, once."""
    exporter = bench(target(spec("a"), spec("b", tier=RefreshTier.SLOW), name="old"))
    exporter.tick(minutes(1))
    exporter.targets = (*exporter.targets, target(spec("a"), spec("b", tier=RefreshTier.SLOW), name="new"))
    assert len(exporter.tick()) == 4
    assert [len(call.queries) for call in exporter.source.calls] == [2, 3]
    exporter.tick()
    assert len(exporter.source.calls[-1].queries) == 2


def test_each_refresh_reads_what_is_new_and_what_may_have_changed() -> None:
    """The window is the new minute and the lookback, on whole minutes, and ends where CloudWatch has settled."""
    exporter = bench()
    for _ in range(8):
        exporter.tick()
    window = exporter.source.calls[-1].window
    assert window.end == exporter.at - minutes(2)
    assert window.length == minutes(6)


def test_a_budget_makes_the_slow_tier_slower() -> None:
    """Tiers are asked as seldom as the budget wants it, and how seldom is told."""
    dear = CollectorSettings(every=parse_duration("1m"), slow=parse_duration("2m"), budget=0.6)
    exporter = bench(target(spec("a"), spec("b", tier=RefreshTier.SLOW)), collection=dear)
    exporter.tick()
    assert exporter.told("basewatch_tier_interval_seconds", tier="slow", which="configured") == 120
    assert exporter.told("basewatch_tier_interval_seconds", tier="slow", which="now") == 240
    assert (exporter.told("basewatch_budget_used_ratio", reading="per_query") or 0) <= 1
