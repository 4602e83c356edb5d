"""Series are refreshed at the intervals of their tiers and exported correctly."""

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
    harness,
    minutes,
    one_a_minute,
    only,
    shown,
    spec,
    target,
)
from tests.fakes import NOON

GAUGE = spec("height", type=MetricType.GAUGE)


def test_a_counter_starts_at_zero() -> None:
    """The first page shows 0, so that Prometheus sees the first increase; each minute then adds its events."""
    exporter = harness()
    assert [only(exporter.tick()) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_a_discovered_resource_counts_from_its_first_event() -> None:
    """A resource that appears later shows 0 first, and then the events from before its discovery."""
    exporter = harness(target(name="old"))
    exporter.tick()
    exporter.targets = (*exporter.targets, target(name="new"))
    of_new = [[value for text, value in exporter.tick().items() if "new" in text] for _ in range(2)]
    # Discovery runs every 15 minutes, and CloudWatch lists new metrics up to 15 minutes late.
    assert of_new == [[0.0], [31.0]]


@pytest.mark.parametrize("component", ["", "function/declared"])
def test_a_known_resource_counts_from_now_on(component: str) -> None:
    """At the start of a process, and for declared resources, earlier events are not counted."""
    exporter = harness(target(name="a", component="function/a"))
    if component:
        exporter.tick()
        exporter.targets = (*exporter.targets, target(name="b", component=component))
    else:
        exporter.targets = (target(name="b"),)
    of_b = [[value for text, value in exporter.tick().items() if '"b"' in text] for _ in range(2)]
    assert of_b == [[0.0], [1.0]]


def test_the_scale_applies_to_exported_values() -> None:
    """Totals are kept in CloudWatch's unit: 1,000 milliseconds are exported as exactly one second."""
    exporter = harness(target(spec(unit=Unit.MILLISECONDS)))
    exporter.tick()
    assert only(exporter.tick(minutes(1000))) == 1.0


def test_a_latency_is_a_summary_and_a_maximum() -> None:
    """Sum and count add up; quantiles and the maximum are those of the newest minute; the summary is contiguous."""
    latency = Namespace(name="AWS/Lambda").latency("took", "Duration", unit=Unit.MILLISECONDS)
    exporter = harness(target(*(replace(each, tier=RefreshTier.FAST) for each in latency)))
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
    """A gauge without datapoints is exported until it is too old and then removed, without being stale."""
    exporter = harness(target(GAUGE))
    exporter.source.value = lambda _query, start, _now: 7.0 if start < exporter.at.timestamp() - 20 * MINUTE else None
    assert exporter.tick() == {}
    exporter.source.value = one_a_minute
    assert only(exporter.tick()) == 1.0
    exporter.source.value = lambda _query, _start, _now: None
    assert only(exporter.tick(minutes(13))) == 1.0
    assert exporter.tick(minutes(2)) == {}
    assert (
        exporter.collector_metric("up"),
        exporter.collector_metric("stale_series"),
        exporter.collector_metric("series"),
    ) == (1, 0, 0)


def test_blocks_stay_the_same_objects_between_refreshes() -> None:
    """Scrapes between refreshes get the same objects, which never change."""
    exporter = harness()
    exporter.tick()
    first, again = tuple(exporter.refresher.blocks(exporter.at)), tuple(exporter.refresher.blocks(exporter.at))
    assert first[0] is again[0]
    exporter.tick()
    assert list(first[0].values) == [0.0]


def test_tiers_are_due_on_the_wall_clock() -> None:
    """FAST is requested at every tick, other tiers at the multiples of their interval, together in one call."""
    collection = CollectorSettings(standard=parse_duration("5m"), slow=parse_duration("10m"))
    exporter = harness(
        target(spec("a"), spec("b", tier=RefreshTier.STANDARD), spec("c", tier=RefreshTier.SLOW)), collection=collection
    )
    exporter.at = NOON + minutes(1.5)
    for _ in range(9):
        exporter.tick()
    requested = ["".join(sorted(query.spec.family for query in call.queries)) for call in exporter.source.calls]
    assert requested == ["abc", "a", "a", "ab", "a", "a", "a", "a", "abc"]


def test_a_new_resource_is_requested_at_once() -> None:
    """All metrics of a new resource are requested at once, those of the slow tier too, and only once."""
    exporter = harness(target(spec("a"), spec("b", tier=RefreshTier.SLOW), name="old"))
    exporter.tick(minutes(1))
    exporter.targets = (*exporter.targets, target(spec("a"), spec("b", tier=RefreshTier.SLOW), name="new"))
    assert len(exporter.tick()) == 4
    assert [len(call.queries) for call in exporter.source.calls] == [2, 3]
    exporter.tick()
    assert len(exporter.source.calls[-1].queries) == 2


def test_each_refresh_reads_the_new_and_the_changeable_periods() -> None:
    """The window is the new minute and the allowed lateness, on whole minutes, up to the settled time."""
    exporter = harness()
    for _ in range(8):
        exporter.tick()
    window = exporter.source.calls[-1].window
    assert window.end == exporter.at - minutes(2)
    assert window.length == minutes(6)


def test_a_budget_lengthens_the_slow_tier() -> None:
    """Tiers are requested as rarely as the budget demands, and the effective interval is exported."""
    dear = CollectorSettings(standard=parse_duration("1m"), slow=parse_duration("2m"), budget=0.6)
    exporter = harness(target(spec("a"), spec("b", tier=RefreshTier.SLOW)), collection=dear)
    exporter.tick()
    assert exporter.metric("basewatch_tier_interval_seconds", tier="slow", state="configured") == 120
    assert exporter.metric("basewatch_tier_interval_seconds", tier="slow", state="effective") == 240
    assert exporter.collector_metric("interval_seconds") == 60


def test_a_collector_of_the_slow_tier_says_so() -> None:
    """The interval of a collector is the shortest of its series, as the budget lengthened it."""
    dear = CollectorSettings(standard=parse_duration("1m"), slow=parse_duration("2m"), budget=0.6)
    exporter = harness(target(spec("b", tier=RefreshTier.SLOW)), target(name="x", region="eu-west-1"), collection=dear)
    exporter.tick()
    effective = exporter.metric("basewatch_tier_interval_seconds", tier="slow", state="effective")
    assert exporter.collector_metric("interval_seconds") == effective
    assert effective is not None
    assert effective > 60
    assert (exporter.metric("basewatch_budget_used_ratio", billing_model="per_query") or 0) <= 1
