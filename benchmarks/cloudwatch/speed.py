"""B1 to B3: calls, time and work of refreshes when nothing goes wrong, from 40 functions to 10,000."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Tier
from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.measured import Measured
from benchmarks.cloudwatch.scenarios import (
    Options,
    calls_at_least,
    middle,
    seconds_at_least,
    unlimited,
    unpaced,
    voyage,
)
from benchmarks.cloudwatch.settings import EVERYTHING, Settings
from benchmarks.cloudwatch.truth import readings

_QUERIES_PER_FUNCTION = 9


def small(options: Options) -> Iterator[Measured]:
    """B1: an ordinary account. Calls of the first refresh, of one that asks for everything, and of a whole hour."""
    knobs = Knobs()
    with voyage(Settings(every="1m", slow="1m"), knobs) as trip:
        listed = trip.fake.stats()
        yield Measured(scenario="B1", what="discovery, every 15 min", ours=listed["calls_total"], unit="calls")
        for what, times in (("first refresh", 1), ("steady refresh of everything", options.runs)):
            every = [trip.refresh() for _ in range(times)]
            done = every[-1]
            least = calls_at_least(done.counted["queries"], done.counted["datapoints"])
            yield Measured(
                scenario="B1",
                what=f"{what}: calls",
                ours=done.counted["calls_total"],
                limit=least,
                aim=least,
                by=f"ceil({done.counted['queries']}/500)",
                unit="calls",
            )
            yield Measured(
                scenario="B1",
                what=f"{what}: wall",
                ours=middle([one.seconds for one in every]),
                unit="s",
                by="50 ms, or 180,000 datapoints/s",
                limit=seconds_at_least(least, done.counted["datapoints"], knobs, 5),
            )
        compared = readings(trip.driven.page(trip.at), trip.expected(), trip.end, trip.driven.up())
        yield Measured(
            scenario="B1", what="series that do not say the truth", ours=compared.wrong + compared.absent, aim=0
        )
    with voyage(Settings(), knobs) as trip:
        rounds = [trip.refresh() for _ in range(61)][1:]
        least = sum(calls_at_least(one.counted["queries"], one.counted["datapoints"]) for one in rounds)
        calls = sum(one.counted["calls_total"] for one in rounds)
        yield Measured(
            scenario="B1",
            what="an hour of 1m/5m/1h tiers: calls",
            ours=calls,
            limit=least,
            aim=least,
            by="sum of ceil(due/500)",
            unit="calls",
        )
        month = 24 * 30
        for reading in ("five_for_one", "per_query"):
            dollars = sum(one.counted[f"dollars_{reading}"] for one in rounds) * month
            yield Measured(scenario="B1", what=f"those tiers, 30 days, {reading}", ours=dollars, unit="$")


def ten_thousand(options: Options) -> Iterator[Measured]:
    """B2: 10,000 series."""
    yield from _functions("B2", 10_000 // _QUERIES_PER_FUNCTION, options, {5: None})


def ninety_thousand(options: Options) -> Iterator[Measured]:
    """B3: 90,000 series of 10,000 functions, five calls at once and twenty."""
    yield from _functions("B3", 10_000, options, {5: 2.7, 20: 1.5})


def _functions(scenario: str, functions: int, options: Options, aims: dict[int, float | None]) -> Iterator[Measured]:
    knobs = unlimited(Knobs(functions=functions, tables=0, apis=0, instances=0))
    for concurrency, aim in aims.items():
        settings = unpaced(
            Settings(
                collectors=EVERYTHING[:1],
                every="1m",
                concurrency=concurrency,
            )
        )
        with voyage(settings, knobs) as trip:
            cold = trip.refresh()
            yield Measured(
                scenario=scenario,
                what=f"first refresh, {concurrency} at once: wall",
                ours=cold.seconds,
                unit="s",
                limit=seconds_at_least(cold.calls, cold.counted["datapoints"], knobs, concurrency),
                by=f"{cold.calls} calls, 50 ms each",
            )
            rounds = [trip.refresh() for _ in range(1 + options.runs)][1:]
            last = rounds[-1].counted
            least = calls_at_least(last["queries"], last["datapoints"])
            yield Measured(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: calls",
                ours=rounds[-1].calls,
                limit=least,
                aim=least,
                by=f"ceil({last['queries']}/500)",
                unit="calls",
            )
            yield Measured(
                scenario=scenario,
                what=f"steady refresh, {concurrency} at once: wall, median of {len(rounds)}",
                ours=middle([one.seconds for one in rounds]),
                unit="s",
                aim=aim,
                limit=seconds_at_least(least, last["datapoints"], knobs, concurrency),
                by="ceil(calls/n) x 50 ms",
            )
            yield Measured(
                scenario=scenario,
                what="  this side's CPU, with writing counters down",
                ours=middle([one.cpu_seconds for one in rounds]),
                unit="s",
            )
            busy = sum(last["busy_seconds"].values())
            yield Measured(scenario=scenario, what="  the fake's own work meanwhile", ours=busy, unit="s")
            yield Measured(
                scenario=scenario,
                what="  most calls in flight",
                ours=last["most_in_flight"],
                unit="calls",
            )
            page, tiers = trip.driven.page(trip.at), (Tier.FAST, Tier.STANDARD)
            compared = readings(page, trip.expected(), trip.end, trip.driven.up(), tiers=tiers)
            yield Measured(
                scenario=scenario,
                what="gauges and quantiles that do not say the truth",
                aim=0,
                ours=compared.wrong + compared.absent,
                unit=f"of {compared.right + compared.wrong + compared.absent}",
            )
