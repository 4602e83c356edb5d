"""B8: counters compared with the truth: late data, gaps between refreshes, restarts."""

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
_SETTLING_MINUTES = 10
_SETTINGS = without_latency(FakeSettings(functions=100, late_minutes=_LATE_MINUTES))

_Settled = tuple[dict[bytes, float], int]
"""A page without late data, and the minute up to which it counts."""


def late_data(_: Options) -> Iterator[ScenarioMeasurement]:
    """B8: minutes that grow for four minutes after their end, read every minute, every five, and irregularly.

    While data is late, the newest minutes are incomplete. A comparison therefore starts and ends without late data;
    values that were read too early in between must have been corrected by then.
    """
    yield from _with_late_data("every minute", "1m", [1] * 60)
    yield from _with_late_data("every five minutes", "5m", [5] * 24)
    chance = Random(8)  # noqa: S311  # which minutes it is does not matter, but that they are the same each time
    yield from _with_late_data("after 1 to 40 minutes", "1m", [chance.choice((1, 1, 2, 5, 11, 40)) for _ in range(40)])
    yield from _with_restarts()


def _with_late_data(what: str, every: str, steps: list[int]) -> Iterator[ScenarioMeasurement]:
    with scenario_run(without_rate_limit(ScenarioConfig(every=every, slow=every)), _SETTINGS) as run:
        first = _settled(run, every)
        run.fake.configure(late_minutes=_LATE_MINUTES)
        previous, decreases = first[0], 0
        for step in steps:
            run.refresh(step)
            current = run.exporter.page(run.at)
            decreases += _decreases(previous, current, run)
            previous = current
        yield from _measurements(what, run, first, _settled(run, every), decreases)


def _with_restarts() -> Iterator[ScenarioMeasurement]:
    """Six runs of ten minutes, with ten minutes between them, on one history."""
    settings = without_rate_limit(ScenarioConfig(every="1m", slow="1m"))
    with tempfile.TemporaryDirectory() as temporary:
        folder, at = Path(temporary), whole_hour_before(12 * 3600)
        first, previous, decreases = (dict[bytes, float](), 0), dict[bytes, float](), 0
        for start in range(6):
            with scenario_run(settings, _SETTINGS, folder=folder, at=at) as run:
                if start == 0:
                    first = _settled(run, "1m")
                    previous = first[0]
                run.fake.configure(late_minutes=_LATE_MINUTES)
                for _ in range(10):
                    run.refresh()
                    current = run.exporter.page(run.at)
                    decreases += _decreases(previous, current, run)
                    previous = current
                if start == 5:  # noqa: PLR2004  # the last
                    yield from _measurements("across five restarts", run, first, _settled(run, "1m"), decreases)
                at = run.at + 600


def _settled(run: ScenarioRun, every: str) -> _Settled:
    """The page once no data is late."""
    run.fake.configure(late_minutes=0)
    step = int(every.removesuffix("m"))
    for _ in range(max(2, _SETTLING_MINUTES // step)):
        run.refresh(step)
    return run.exporter.page(run.at), run.end


def _decreases(before: Mapping[bytes, float], after: Mapping[bytes, float], run: ScenarioRun) -> int:
    """The number of counters that decreased: Prometheus would see each as a reset."""
    return sum(before.get(series, 0.0) > after.get(series, inf) for series in run.counters())


def _measurements(
    what: str, run: ScenarioRun, first: _Settled, last: _Settled, decreases: int
) -> Iterator[ScenarioMeasurement]:
    (before, begin), (after, end) = first, last
    window = begin, end
    compared, ours, truth = compare_counters(before, after, run.expected_series(), window, 0.0)
    counters = compared.matching + compared.differing + compared.missing
    yield ScenarioMeasurement(
        scenario="B8",
        what=f"{what}: events counted in {window[1] - window[0]} min",
        value=ours,
        lower_bound=truth,
        formula="events",
    )
    yield ScenarioMeasurement(
        scenario="B8",
        what=f"{what}: counters that are not exact",
        value=compared.differing + compared.missing,
        unit=f"of {counters}",
        goal=0,
    )
    yield ScenarioMeasurement(scenario="B8", what=f"{what}: counter decreases", value=decreases, goal=0)
