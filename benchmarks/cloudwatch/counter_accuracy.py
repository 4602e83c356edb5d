"""B8: counters against what happened: late data, gaps between refreshes, restarts; to the last unit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from random import Random

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import compare_counters
from benchmarks.cloudwatch.scenario_config import ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import (
    Options,
    ScenarioRun,
    scenario_run,
    whole_hour_before,
    without_latency,
    without_rate_limit,
)

_LATE_MINUTES = 4
_CALM = 10
_KNOBS = without_latency(FakeSettings(functions=100, late_minutes=_LATE_MINUTES))

_Calm = tuple[dict[bytes, float], int]
"""A page when nothing is late, and the minute before which it counts."""


def late_data(_: Options) -> Iterator[ScenarioMeasurement]:
    """B8: minutes that grow for four minutes after their end, read every minute, every five, and now and then.

    While data is late the newest minutes are not whole, so a count stands between two calm moments: whatever was read
    too early in between has to have been corrected by the second.
    """
    yield from _reconciled("every minute", "1m", [1] * 60)
    yield from _reconciled("every five minutes", "5m", [5] * 24)
    chance = Random(8)  # noqa: S311  # which minutes it is does not matter, but that they are the same each time
    yield from _reconciled("after 1 to 40 minutes", "1m", [chance.choice((1, 1, 2, 5, 11, 40)) for _ in range(40)])
    yield from _restarted()


def _reconciled(what: str, every: str, steps: list[int]) -> Iterator[ScenarioMeasurement]:
    with scenario_run(without_rate_limit(ScenarioConfig(every=every, slow=every)), _KNOBS) as trip:
        first = _calm(trip, every)
        trip.fake.configure(late_minutes=_LATE_MINUTES)
        seen, fell = first[0], 0
        for step in steps:
            trip.refresh(step)
            now = trip.exporter.page(trip.at)
            fell += _fell(seen, now, trip)
            seen = now
        yield from _figures(what, trip, first, _calm(trip, every), fell)


def _restarted() -> Iterator[ScenarioMeasurement]:
    """Six starts of ten minutes each, with as long between them, on one history."""
    settings = without_rate_limit(ScenarioConfig(every="1m", slow="1m"))
    with tempfile.TemporaryDirectory() as made:
        folder, at = Path(made), whole_hour_before(12 * 3600)
        first, seen, fell = (dict[bytes, float](), 0), dict[bytes, float](), 0
        for start in range(6):
            with scenario_run(settings, _KNOBS, folder=folder, at=at) as trip:
                if start == 0:
                    first = _calm(trip, "1m")
                    seen = first[0]
                trip.fake.configure(late_minutes=_LATE_MINUTES)
                for _ in range(10):
                    trip.refresh()
                    now = trip.exporter.page(trip.at)
                    fell += _fell(seen, now, trip)
                    seen = now
                if start == 5:  # noqa: PLR2004  # the last
                    yield from _figures("across five restarts", trip, first, _calm(trip, "1m"), fell)
                at = trip.at + 600


def _calm(trip: ScenarioRun, every: str) -> _Calm:
    """The page once nothing is late any more."""
    trip.fake.configure(late_minutes=0)
    step = int(every.removesuffix("m"))
    for _ in range(max(2, _CALM // step)):
        trip.refresh(step)
    return trip.exporter.page(trip.at), trip.end


def _fell(before: Mapping[bytes, float], after: Mapping[bytes, float], trip: ScenarioRun) -> int:
    """How many counters are lower than they were: Prometheus would take each for a reset."""
    return sum(before.get(series, 0.0) > after.get(series, inf) for series in trip.counters())


def _figures(what: str, trip: ScenarioRun, first: _Calm, last: _Calm, fell: int) -> Iterator[ScenarioMeasurement]:
    (before, begin), (after, end) = first, last
    span = begin, end
    compared, ours, truth = compare_counters(before, after, trip.expected_series(), span, 0.0)
    counters = compared.matching + compared.differing + compared.missing
    yield ScenarioMeasurement(
        scenario="B8",
        what=f"{what}: events counted in {span[1] - span[0]} min",
        value=ours,
        lower_bound=truth,
        formula="events",
    )
    yield ScenarioMeasurement(
        scenario="B8",
        what=f"{what}: counters not right to the unit",
        value=compared.differing + compared.missing,
        unit=f"of {counters}",
        goal=0,
    )
    yield ScenarioMeasurement(scenario="B8", what=f"{what}: times that a counter fell", value=fell, goal=0)
