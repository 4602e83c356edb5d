"""B1 to B3: calls, time and CPU of refreshes without failures, from 40 functions to 10,000."""

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
    without_latency,
    without_quotas,
    without_rate_limit,
)

_QUERIES_PER_FUNCTION = 9


def small_account(options: Options) -> Iterator[ScenarioMeasurement]:
    """B1: an ordinary account. Calls of the first refresh, of a refresh of everything, and of a whole hour."""
    settings = FakeSettings()
    with scenario_run(ScenarioConfig(every="1m", slow="1m"), settings) as run:
        listed = run.fake.stats()
        yield ScenarioMeasurement(
            scenario="B1", what="discovery, every 15 min", value=listed["calls_total"], unit="calls"
        )
        for what, times in (("first refresh", 1), ("steady refresh of everything", options.runs)):
            results = [run.refresh() for _ in range(times)]
            result = results[-1]
            fewest = min_calls(result.request_counts["queries"], result.request_counts["datapoints"])
            yield ScenarioMeasurement(
                scenario="B1",
                what=f"{what}: calls",
                value=result.request_counts["calls_total"],
                lower_bound=fewest,
                goal=fewest,
                formula=f"ceil({result.request_counts['queries']}/500)",
                unit="calls",
            )
            yield ScenarioMeasurement(
                scenario="B1",
                what=f"{what}: wall",
                value=median_seconds([one.seconds for one in results]),
                unit="s",
                formula="50 ms, or 180,000 datapoints/s",
                lower_bound=min_seconds(fewest, result.request_counts["datapoints"], settings, 5),
            )
        compared = compare_gauges(
            run.exporter.page(run.at), run.expected_series(), run.end, run.exporter.collectors_up()
        )
        yield ScenarioMeasurement(
            scenario="B1", what="wrong series", value=compared.differing + compared.missing, goal=0
        )
    # Only calls are counted in this hour, so it runs without the latency.
    with scenario_run(ScenarioConfig(), without_latency(settings)) as run:
        refreshes = [run.refresh() for _ in range(61)][1:]
        fewest = sum(min_calls(one.request_counts["queries"], one.request_counts["datapoints"]) for one in refreshes)
        calls = sum(one.request_counts["calls_total"] for one in refreshes)
        yield ScenarioMeasurement(
            scenario="B1",
            what="an hour of 1m/5m/1h tiers: calls",
            value=calls,
            lower_bound=fewest,
            goal=fewest,
            formula="sum of ceil(due/500)",
            unit="calls",
        )
        month = 24 * 30
        for billing_model in ("five_for_one", "per_query"):
            dollars = sum(one.request_counts[f"dollars_{billing_model}"] for one in refreshes) * month
            yield ScenarioMeasurement(
                scenario="B1", what=f"those tiers, 30 days, {billing_model}", value=dollars, unit="$"
            )


def ten_thousand(options: Options) -> Iterator[ScenarioMeasurement]:
    """B2: 10,000 series."""
    yield from _functions("B2", 10_000 // _QUERIES_PER_FUNCTION, options, {5: None})


def ninety_thousand(options: Options) -> Iterator[ScenarioMeasurement]:
    """B3: 90,000 series of 10,000 functions, with five and with twenty concurrent calls."""
    yield from _functions("B3", 10_000, options, {5: 2.7, 20: 1.5})


def _functions(
    scenario: str, functions: int, options: Options, goals: dict[int, float | None]
) -> Iterator[ScenarioMeasurement]:
    settings = without_quotas(FakeSettings(functions=functions, tables=0, apis=0, instances=0))
    for concurrency, goal in goals.items():
        config = without_rate_limit(
            ScenarioConfig(
                collectors=EVERYTHING[:1],
                every="1m",
                concurrency=concurrency,
            )
        )
        with scenario_run(config, settings) as run:
            cold = run.refresh()
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"first refresh, {concurrency} at once: wall",
                value=cold.seconds,
                unit="s",
                lower_bound=min_seconds(cold.calls, cold.request_counts["datapoints"], settings, concurrency),
                formula=f"{cold.calls} calls, 50 ms each",
            )
            refreshes = [run.refresh() for _ in range(1 + options.runs)][1:]
            last = refreshes[-1].request_counts
            fewest = min_calls(last["queries"], last["datapoints"])
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: calls",
                value=refreshes[-1].calls,
                lower_bound=fewest,
                goal=fewest,
                formula=f"ceil({last['queries']}/500)",
                unit="calls",
            )
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: wall, median of {len(refreshes)}",
                value=median_seconds([one.seconds for one in refreshes]),
                unit="s",
                goal=goal,
                lower_bound=min_seconds(fewest, last["datapoints"], settings, concurrency),
                formula="ceil(calls/n) x 50 ms",
            )
            yield ScenarioMeasurement(
                scenario=scenario,
                what="  CPU of this process, with saving counters",
                value=median_seconds([one.cpu_seconds for one in refreshes]),
                unit="s",
            )
            busy = sum(last["busy_seconds"].values())
            yield ScenarioMeasurement(scenario=scenario, what="  CPU of the fake", value=busy, unit="s")
            yield ScenarioMeasurement(
                scenario=scenario,
                what="  most calls in flight",
                value=last["peak_in_flight"],
                unit="calls",
            )
            page, tiers = run.exporter.page(run.at), (RefreshTier.FAST, RefreshTier.STANDARD)
            compared = compare_gauges(page, run.expected_series(), run.end, run.exporter.collectors_up(), tiers=tiers)
            yield ScenarioMeasurement(
                scenario=scenario,
                what="wrong gauges and quantiles",
                goal=0,
                value=compared.differing + compared.missing,
                unit=f"of {compared.matching + compared.differing + compared.missing}",
            )
