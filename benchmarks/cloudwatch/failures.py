"""B4, B6, B7, B9 and B10: throttled, failed and partial calls, sparse metrics, and replaced resources."""

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
    """B4: 11,000 series while the account's quota is 10, 5 and 3 calls a second, unknown to Basewatch."""
    settings = FakeSettings(functions=1000, tables=0, apis=0, instances=0)
    config = ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m", concurrency=20)
    with scenario_run(config, settings) as run:
        run.refresh()
        for quota in (10, 5, 3):
            run.fake.configure(calls_per_second=quota)
            result = run.refresh()
            throttled_calls = result.request_counts["errors"].get("ThrottlingException", 0)
            compared = _compared(run)
            fewest = min_calls(result.request_counts["queries"], result.request_counts["datapoints"])
            yield ScenarioMeasurement(
                scenario="B4",
                what=f"{quota} calls/s: wall",
                value=result.seconds,
                unit="s",
                formula="(calls - a second's) / quota",
                lower_bound=max(0, fewest - quota) / quota,
            )
            yield ScenarioMeasurement(
                scenario="B4",
                what=f"{quota} calls/s: calls throttled",
                value=throttled_calls,
                unit="calls",
                formula=f"besides {fewest} necessary calls",
            )
            yield from _outdated("B4", f"{quota} calls/s", compared)


def expired_credentials(_: Options) -> Iterator[ScenarioMeasurement]:
    """B6: the keys of an assumed role expire before their announced time."""
    with scenario_run(
        ScenarioConfig(accounts=_ROLE, slow="5m"), FakeSettings(session_seconds=600, claimed_session_seconds=7200)
    ) as run:
        refreshes = [run.refresh() for _ in range(30)]
        rejected = sum(one.request_counts["errors"].get("ExpiredTokenException", 0) for one in refreshes)
        renewed = sum(one.request_counts["calls"].get("AssumeRole", 0) for one in refreshes)
        yield ScenarioMeasurement(
            scenario="B6",
            what="half an hour with keys of 10 min: calls rejected",
            value=rejected,
            unit="calls",
        )
        yield ScenarioMeasurement(
            scenario="B6", what="times the role was assumed again", value=renewed, lower_bound=2, unit="calls"
        )
        yield from _outdated("B6", "at the end", _compared(run))


def partial_results(_: Options) -> Iterator[ScenarioMeasurement]:
    """B7: a fifth of the results is PartialData or InternalError, and pages hold a tenth of a call's datapoints."""
    settings = without_latency(
        FakeSettings(functions=1000, tables=0, apis=0, instances=0, partial_ratio=0.1, internal_error_ratio=0.1)
    )
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), settings
    ) as run:
        refreshes = [run.refresh() for _ in range(3)]
        yield ScenarioMeasurement(
            scenario="B7",
            what="a fifth of results fail: calls",
            value=refreshes[-1].calls,
            unit="calls",
            lower_bound=min_calls(11_003, 0),
            formula="without failures",
        )
        yield from _outdated("B7", "a fifth of results fail", _compared(run))
        run.fake.configure(partial_ratio=0, internal_error_ratio=0, max_datapoints=500)
        result = run.refresh()
        yield ScenarioMeasurement(
            scenario="B7",
            what="pages of 500 datapoints: calls",
            value=result.calls,
            unit="calls",
            lower_bound=-(-result.request_counts["datapoints"] // 500),
            formula="ceil(datapoints/500)",
        )
        yield from _outdated("B7", "pages of 500 datapoints", _compared(run))
        run.fake.configure(max_datapoints=100_800, forbidden_ratio=0.05)
        run.refresh()
        yield from _outdated("B7", "a twentieth forbidden", _compared(run))
        run.fake.configure(forbidden_ratio=0, fault_ratio=0.7)
        run.refresh()
        yield from _outdated("B7", "seven calls of ten fail", _compared(run))


def sparse(_: Options) -> Iterator[ScenarioMeasurement]:
    """B9: nine minutes out of ten have no data; counters stay and increase by what happened."""
    settings = without_latency(FakeSettings(functions=500, tables=0, apis=0, instances=0, silent_ratio=0.9))
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), settings
    ) as run:
        run.refresh()
        run.refresh()
        before, begin = run.exporter.page(run.at), run.end
        for _minute in range(30):
            run.refresh()
        after = run.exporter.page(run.at)
        compared, ours, truth = compare_counters(
            before, after, run.expected_series(), (begin, run.end), settings.silent_ratio
        )
        yield ScenarioMeasurement(
            scenario="B9", what="events counted in 30 min", value=ours, lower_bound=truth, formula="true events"
        )
        yield ScenarioMeasurement(
            scenario="B9",
            what="counters that are not exact",
            value=compared.differing + compared.missing,
            goal=0,
        )


def churn(_: Options) -> Iterator[ScenarioMeasurement]:
    """B10: a tenth of 1,000 functions is replaced every ten minutes, for an hour and a half."""
    settings = without_latency(
        FakeSettings(functions=1000, tables=0, apis=0, instances=0, churn_seconds=600, lists_per_second=1000)
    )
    with scenario_run(
        without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m")), settings
    ) as run:
        for minute in range(90):
            if minute % 15 == 0:
                run.exporter.discover(run.at)
            run.refresh()
        result = run.refresh()
        page, alive = run.exporter.page(run.at), run.expected_series()
        living = [one for one in alive if one.created_minute <= run.end - 1 < one.deleted_minute]
        dead = sum(
            one.deleted_minute <= run.end - 15 and one.series in page for one in alive if not one.spec.is_counter
        )
        shown = sum(one.series in page for one in living)
        yield ScenarioMeasurement(
            scenario="B10",
            what="functions asked about",
            value=len(run.exporter.targets()),
            lower_bound=1001,
            formula="that live",
        )
        yield ScenarioMeasurement(
            scenario="B10", what="series of existing functions on the page", value=shown, lower_bound=len(living)
        )
        yield ScenarioMeasurement(
            scenario="B10", what="gauges of functions deleted 15 min ago", value=dead, goal=0, unit="series"
        )
        yield ScenarioMeasurement(
            scenario="B10",
            what="calls of the last refresh",
            value=result.calls,
            lower_bound=min_calls(11_000, 0),
            unit="calls",
        )


def _compared(run: ScenarioRun) -> PageComparison:
    return compare_gauges(
        run.exporter.page(run.at),
        run.expected_series(),
        run.end,
        run.exporter.collectors_up(),
        sparse=run.settings.silent_ratio,
    )


def _outdated(scenario: str, what: str, compared: PageComparison) -> Iterator[ScenarioMeasurement]:
    missing = compared.differing + compared.missing
    of = f"of {compared.matching + missing}"
    yield ScenarioMeasurement(scenario=scenario, what=f"{what}: series not up to date", value=missing, unit=of)
    yield ScenarioMeasurement(
        scenario=scenario, what=f"{what}: of those, not flagged", value=compared.unflagged, goal=0
    )
