"""B11: two accounts, queried through a role in each, or both through a monitoring account."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import compare_gauges
from benchmarks.cloudwatch.processes import ACCOUNT
from benchmarks.cloudwatch.scenario_config import ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import Options, min_calls, scenario_run, without_latency

_OTHER = "210987654321"
_REGIONS = ["us-east-1"]
_MODES = {
    "AssumeRole": {
        "main": {"id": ACCOUNT, "role": "reader", "regions": _REGIONS},
        "other": {"id": _OTHER, "role": "reader", "regions": _REGIONS},
    },
    "OAM": {
        "main": {"id": ACCOUNT, "regions": _REGIONS},
        "other": {"id": _OTHER, "monitoring_account": "main", "regions": _REGIONS},
    },
}


def two_accounts(_: Options) -> Iterator[ScenarioMeasurement]:
    """B11: the small account twice. Both modes export the same; a monitoring account never needs more calls."""
    pages = dict[str, set[bytes]]()
    for mode, accounts in _MODES.items():
        with scenario_run(
            ScenarioConfig(accounts=accounts, every="1m", slow="1m"),
            without_latency(FakeSettings(linked_accounts=_OTHER)),
        ) as run:
            run.refresh()
            done = run.refresh()
            queries = done.request_counts["queries"]
            callers = 1 if mode == "OAM" else 2
            fewest = callers * min_calls(queries // callers, done.request_counts["datapoints"] // callers)
            compared = compare_gauges(
                run.exporter.page(run.at), run.expected_series(), run.end, run.exporter.collectors_up()
            )
            pages[mode] = set(run.exporter.page(run.at))
        yield ScenarioMeasurement(
            scenario="B11",
            what=f"{mode}: steady calls",
            value=done.calls,
            lower_bound=fewest,
            goal=fewest,
            unit="calls",
            formula=f"{queries} queries",
        )
        yield ScenarioMeasurement(
            scenario="B11", what=f"{mode}: billed, five for one", value=done.request_counts["billed"], unit="metrics"
        )
        yield ScenarioMeasurement(
            scenario="B11",
            what=f"{mode}: wrong series",
            value=compared.differing + compared.missing,
            unit=f"of {compared.matching + compared.differing + compared.missing}",
            goal=0,
        )
    differing = len(pages["OAM"] ^ pages["AssumeRole"])
    yield ScenarioMeasurement(scenario="B11", what="series exported in one mode only", value=differing, goal=0)
