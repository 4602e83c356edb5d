"""B11: two accounts, asked through a role in each, or both through a monitoring account."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import compare_gauges
from benchmarks.cloudwatch.processes import ACCOUNT
from benchmarks.cloudwatch.scenario_config import ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import Options, min_calls, scenario_run

_OTHER = "210987654321"
_REGIONS = ["us-east-1"]
_WAYS = {
    "AssumeRole": {
        "main": {"id": ACCOUNT, "role": "reader", "regions": _REGIONS},
        "other": {"id": _OTHER, "role": "reader", "regions": _REGIONS},
    },
    "OAM": {
        "main": {"id": ACCOUNT, "regions": _REGIONS},
        "other": {"id": _OTHER, "through": "main", "regions": _REGIONS},
    },
}


def two_accounts(_: Options) -> Iterator[ScenarioMeasurement]:
    """B11: the small account twice. Both ways show the same; a monitoring account never needs more calls."""
    pages = dict[str, set[bytes]]()
    for way, accounts in _WAYS.items():
        with scenario_run(
            ScenarioConfig(accounts=accounts, every="1m", slow="1m"), FakeSettings(linked_accounts=_OTHER)
        ) as trip:
            trip.refresh()
            done = trip.refresh()
            queries = done.request_counts["queries"]
            askers = 1 if way == "OAM" else 2
            least = askers * min_calls(queries // askers, done.request_counts["datapoints"] // askers)
            compared = compare_gauges(
                trip.exporter.page(trip.at), trip.expected_series(), trip.end, trip.exporter.collectors_up()
            )
            pages[way] = set(trip.exporter.page(trip.at))
        yield ScenarioMeasurement(
            scenario="B11",
            what=f"{way}: steady calls",
            value=done.calls,
            lower_bound=least,
            goal=least,
            unit="calls",
            formula=f"{queries} queries",
        )
        yield ScenarioMeasurement(
            scenario="B11", what=f"{way}: billed, five for one", value=done.request_counts["billed"], unit="metrics"
        )
        yield ScenarioMeasurement(
            scenario="B11",
            what=f"{way}: series that do not say the truth",
            value=compared.differing + compared.missing,
            unit=f"of {compared.matching + compared.differing + compared.missing}",
            goal=0,
        )
    differing = len(pages["OAM"] ^ pages["AssumeRole"])
    yield ScenarioMeasurement(scenario="B11", what="series that only one of the ways shows", value=differing, goal=0)
