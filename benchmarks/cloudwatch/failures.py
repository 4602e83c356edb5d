"""B4, B6, B7, B9 and B10: what is shown, and what is said, when calls are refused, cut short or about the dead."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import PageComparison, compare_counters, compare_gauges
from benchmarks.cloudwatch.processes import ACCOUNT
from benchmarks.cloudwatch.scenario_config import EVERYTHING, ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import (
    Options,
    ScenarioRun,
    min_calls,
    scenario_run,
    without_latency,
    without_rate_limit,
)

_ROLE = {"main": {"id": ACCOUNT, "role": "reader", "regions": ["us-east-1"]}}


def throttled(_: Options) -> Iterator[ScenarioMeasurement]:
    """B4: 11,000 series while the account's quota is 10, 5 and 3 calls a second, which nobody told Basewatch."""
    knobs = FakeSettings(functions=1000, tables=0, apis=0, instances=0)
    settings = ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m", concurrency=20)
    with scenario_run(settings, knobs) as trip:
        trip.refresh()
        for quota in (10, 5, 3):
            trip.fake.configure(calls_per_second=quota)
            done = trip.refresh()
            refused = done.request_counts["refused"].get("ThrottlingException", 0)
            compared = _compared(trip)
            least = min_calls(done.request_counts["queries"], done.request_counts["datapoints"])
            yield ScenarioMeasurement(
                scenario="B4",
                what=f"{quota} calls/s: wall",
                value=done.seconds,
                unit="s",
                formula="(calls - a second's) / quota",
                lower_bound=max(0, least - quota) / quota,
            )
            yield ScenarioMeasurement(
                scenario="B4",
                what=f"{quota} calls/s: calls refused",
                value=refused,
                unit="calls",
                formula=f"beside {least} that were needed",
            )
            yield from _missing("B4", f"{quota} calls/s", compared)


def expired_credentials(_: Options) -> Iterator[ScenarioMeasurement]:
    """B6: the keys of an assumed role end an hour before they were said to."""
    with scenario_run(
        ScenarioConfig(accounts=_ROLE, slow="5m"), FakeSettings(session_seconds=600, claimed_session_seconds=7200)
    ) as trip:
        rounds = [trip.refresh() for _ in range(30)]
        refused = sum(one.request_counts["refused"].get("ExpiredTokenException", 0) for one in rounds)
        renewed = sum(one.request_counts["calls"].get("AssumeRole", 0) for one in rounds)
        yield ScenarioMeasurement(
            scenario="B6", what="half an hour of keys that last 10 min: calls refused", value=refused, unit="calls"
        )
        yield ScenarioMeasurement(
            scenario="B6", what="times the role was assumed again", value=renewed, lower_bound=2, unit="calls"
        )
        yield from _missing("B6", "at the end", _compared(trip))


def partial_results(_: Options) -> Iterator[ScenarioMeasurement]:
    """B7: a fifth of the results is PartialData or InternalError, and pages hold a tenth of a call's datapoints."""
    knobs = without_latency(
        FakeSettings(functions=1000, tables=0, apis=0, instances=0, partial_ratio=0.1, internal_error_ratio=0.1)
    )
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs
    ) as trip:
        rounds = [trip.refresh() for _ in range(3)]
        yield ScenarioMeasurement(
            scenario="B7",
            what="a fifth of results in trouble: calls",
            value=rounds[-1].calls,
            unit="calls",
            lower_bound=min_calls(11_003, 0),
            formula="without trouble",
        )
        yield from _missing("B7", "a fifth of results in trouble", _compared(trip))
        trip.fake.configure(partial=0, internal=0, max_datapoints=500)
        done = trip.refresh()
        yield ScenarioMeasurement(
            scenario="B7",
            what="pages of 500 datapoints: calls",
            value=done.calls,
            unit="calls",
            lower_bound=-(-done.request_counts["datapoints"] // 500),
            formula="ceil(datapoints/500)",
        )
        yield from _missing("B7", "pages of 500 datapoints", _compared(trip))
        trip.fake.configure(max_datapoints=100_800, forbidden=0.05)
        trip.refresh()
        yield from _missing("B7", "a twentieth forbidden", _compared(trip))
        trip.fake.configure(forbidden=0, fault=0.7)
        trip.refresh()
        yield from _missing("B7", "seven calls of ten fail", _compared(trip))


def sparse(_: Options) -> Iterator[ScenarioMeasurement]:
    """B9: nine minutes out of ten are silent; counters stay, and rise by what happened."""
    knobs = without_latency(FakeSettings(functions=500, tables=0, apis=0, instances=0, silent_ratio=0.9))
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs
    ) as trip:
        trip.refresh()
        trip.refresh()
        before, begin = trip.exporter.page(trip.at), trip.end
        for _minute in range(30):
            trip.refresh()
        after = trip.exporter.page(trip.at)
        compared, ours, truth = compare_counters(
            before, after, trip.expected_series(), (begin, trip.end), knobs.silent_ratio
        )
        yield ScenarioMeasurement(
            scenario="B9", what="events counted in 30 min", value=ours, lower_bound=truth, formula="events there were"
        )
        yield ScenarioMeasurement(
            scenario="B9",
            what="counters that are not right to the unit",
            value=compared.differing + compared.missing,
            goal=0,
        )


def churn(_: Options) -> Iterator[ScenarioMeasurement]:
    """B10: a tenth of 1,000 functions is replaced every ten minutes, for an hour and a half."""
    knobs = without_latency(
        FakeSettings(functions=1000, tables=0, apis=0, instances=0, churn_seconds=600, lists_per_second=1000)
    )
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs
    ) as trip:
        for minute in range(90):
            if minute % 15 == 0:
                trip.exporter.discover(trip.at)
            trip.refresh()
        done = trip.refresh()
        page, alive = trip.exporter.page(trip.at), trip.expected_series()
        living = [one for one in alive if one.created_minute <= trip.end - 1 < one.deleted_minute]
        dead = sum(
            one.deleted_minute <= trip.end - 15 and one.series in page for one in alive if not one.spec.is_counter
        )
        shown = sum(one.series in page for one in living)
        yield ScenarioMeasurement(
            scenario="B10",
            what="functions asked about",
            value=len(trip.exporter.targets()),
            lower_bound=1001,
            formula="that live",
        )
        yield ScenarioMeasurement(
            scenario="B10", what="series of living functions that are shown", value=shown, lower_bound=len(living)
        )
        yield ScenarioMeasurement(
            scenario="B10", what="gauges shown of those dead for 15 min", value=dead, goal=0, unit="series"
        )
        yield ScenarioMeasurement(
            scenario="B10",
            what="calls of the last refresh",
            value=done.calls,
            lower_bound=min_calls(11_000, 0),
            unit="calls",
        )


def _compared(trip: ScenarioRun) -> PageComparison:
    return compare_gauges(
        trip.exporter.page(trip.at),
        trip.expected_series(),
        trip.end,
        trip.exporter.collectors_up(),
        sparse=trip.knobs.silent_ratio,
    )


def _missing(scenario: str, what: str, compared: PageComparison) -> Iterator[ScenarioMeasurement]:
    missing = compared.differing + compared.missing
    of = f"of {compared.matching + missing}"
    yield ScenarioMeasurement(scenario=scenario, what=f"{what}: series not up to date", value=missing, unit=of)
    yield ScenarioMeasurement(
        scenario=scenario, what=f"{what}: of those, not flagged", value=compared.unflagged, goal=0
    )
