"""B1 to B3: calls, time and work of refreshes when nothing goes wrong, from 40 functions to 10,000."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import RefreshTier
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import compare_gauges
from benchmarks.cloudwatch.scenario_config import EVERYTHING, ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import (
    Options,
    median_seconds,
    min_calls,
    min_seconds,
    scenario_run,
    without_quotas,
    without_rate_limit,
)

_QUERIES_PER_FUNCTION = 9


def small_account(options: Options) -> Iterator[ScenarioMeasurement]:
    """B1: an ordinary account. Calls of the first refresh, of one that asks for everything, and of a whole hour."""
    knobs = FakeSettings()
    with scenario_run(ScenarioConfig(every="1m", slow="1m"), knobs) as trip:
        listed = trip.fake.stats()
        yield ScenarioMeasurement(
            scenario="B1", what="discovery, every 15 min", value=listed["calls_total"], unit="calls"
        )
        for what, times in (("first refresh", 1), ("steady refresh of everything", options.runs)):
            every = [trip.refresh() for _ in range(times)]
            done = every[-1]
            least = min_calls(done.request_counts["queries"], done.request_counts["datapoints"])
            yield ScenarioMeasurement(
                scenario="B1",
                what=f"{what}: calls",
                value=done.request_counts["calls_total"],
                lower_bound=least,
                goal=least,
                formula=f"ceil({done.request_counts['queries']}/500)",
                unit="calls",
            )
            yield ScenarioMeasurement(
                scenario="B1",
                what=f"{what}: wall",
                value=median_seconds([one.seconds for one in every]),
                unit="s",
                formula="50 ms, or 180,000 datapoints/s",
                lower_bound=min_seconds(least, done.request_counts["datapoints"], knobs, 5),
            )
        compared = compare_gauges(
            trip.exporter.page(trip.at), trip.expected_series(), trip.end, trip.exporter.collectors_up()
        )
        yield ScenarioMeasurement(
            scenario="B1", what="series that do not say the truth", value=compared.differing + compared.missing, goal=0
        )
    with scenario_run(ScenarioConfig(), knobs) as trip:
        rounds = [trip.refresh() for _ in range(61)][1:]
        least = sum(min_calls(one.request_counts["queries"], one.request_counts["datapoints"]) for one in rounds)
        calls = sum(one.request_counts["calls_total"] for one in rounds)
        yield ScenarioMeasurement(
            scenario="B1",
            what="an hour of 1m/5m/1h tiers: calls",
            value=calls,
            lower_bound=least,
            goal=least,
            formula="sum of ceil(due/500)",
            unit="calls",
        )
        month = 24 * 30
        for reading in ("five_for_one", "per_query"):
            dollars = sum(one.request_counts[f"dollars_{reading}"] for one in rounds) * month
            yield ScenarioMeasurement(scenario="B1", what=f"those tiers, 30 days, {reading}", value=dollars, unit="$")


def ten_thousand(options: Options) -> Iterator[ScenarioMeasurement]:
    """B2: 10,000 series."""
    yield from _functions("B2", 10_000 // _QUERIES_PER_FUNCTION, options, {5: None})


def ninety_thousand(options: Options) -> Iterator[ScenarioMeasurement]:
    """B3: 90,000 series of 10,000 functions, five calls at once and twenty."""
    yield from _functions("B3", 10_000, options, {5: 2.7, 20: 1.5})


def _functions(
    scenario: str, functions: int, options: Options, aims: dict[int, float | None]
) -> Iterator[ScenarioMeasurement]:
    knobs = without_quotas(FakeSettings(functions=functions, tables=0, apis=0, instances=0))
    for concurrency, aim in aims.items():
        settings = without_rate_limit(
            ScenarioConfig(
                collectors=EVERYTHING[:1],
                every="1m",
                concurrency=concurrency,
            )
        )
        with scenario_run(settings, knobs) as trip:
            cold = trip.refresh()
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"first refresh, {concurrency} at once: wall",
                value=cold.seconds,
                unit="s",
                lower_bound=min_seconds(cold.calls, cold.request_counts["datapoints"], knobs, concurrency),
                formula=f"{cold.calls} calls, 50 ms each",
            )
            rounds = [trip.refresh() for _ in range(1 + options.runs)][1:]
            last = rounds[-1].request_counts
            least = min_calls(last["queries"], last["datapoints"])
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: calls",
                value=rounds[-1].calls,
                lower_bound=least,
                goal=least,
                formula=f"ceil({last['queries']}/500)",
                unit="calls",
            )
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: wall, median of {len(rounds)}",
                value=median_seconds([one.seconds for one in rounds]),
                unit="s",
                goal=aim,
                lower_bound=min_seconds(least, last["datapoints"], knobs, concurrency),
                formula="ceil(calls/n) x 50 ms",
            )
            yield ScenarioMeasurement(
                scenario=scenario,
                what="  this side's CPU, with writing counters down",
                value=median_seconds([one.cpu_seconds for one in rounds]),
                unit="s",
            )
            busy = sum(last["busy_seconds"].values())
            yield ScenarioMeasurement(scenario=scenario, what="  the fake's own work meanwhile", value=busy, unit="s")
            yield ScenarioMeasurement(
                scenario=scenario,
                what="  most calls in flight",
                value=last["most_in_flight"],
                unit="calls",
            )
            page, tiers = trip.exporter.page(trip.at), (RefreshTier.FAST, RefreshTier.STANDARD)
            compared = compare_gauges(
                page, trip.expected_series(), trip.end, trip.exporter.collectors_up(), tiers=tiers
            )
            yield ScenarioMeasurement(
                scenario=scenario,
                what="gauges and quantiles that do not say the truth",
                goal=0,
                value=compared.differing + compared.missing,
                unit=f"of {compared.matching + compared.differing + compared.missing}",
            )
