"""Runs scenarios: `python -m benchmarks.cloudwatch [B1 B3 ...] [--json PATH] [--peer-binary PATH] [--soak S]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.cloudwatch import accounts, counter_accuracy, failures, fake_capacity, peer, serving, speed
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement, format_table
from benchmarks.cloudwatch.scenarios import Options

Scenario = Callable[[Options], Iterator[ScenarioMeasurement]]
SCENARIOS: Mapping[str, tuple[Scenario, ...]] = {
    "fake": (lambda _: fake_capacity.measurements(),),
    "B1": (speed.small_account,),
    "B2": (speed.ten_thousand,),
    "B3": (speed.ninety_thousand, serving.ninety_thousand),
    "B4": (failures.throttled,),
    "B5": (serving.dead_region,),
    "B6": (failures.expired_credentials,),
    "B7": (failures.partial_results,),
    "B8": (counter_accuracy.late_data,),
    "B9": (failures.sparse,),
    "B10": (failures.churn,),
    "B11": (accounts.two_accounts,),
    "B12": (serving.soak,),
    "peer": (peer.measurements,),
}
SHORT = ("fake", "B1", "B2", "B3", "B4", "B7", "B8")


def main(arguments: list[str]) -> int:
    """Runs the scenarios and prints their figures. The exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cloudwatch", description=__doc__)
    parser.add_argument("scenarios", nargs="*", help="names of scenarios, or all")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--peer-binary", default="", help="a YACE binary to measure against the same fake")
    parser.add_argument("--soak", type=int, default=300, metavar="SECONDS", help="duration of B12")
    parser.add_argument("--unscraped", type=int, default=0, help="refreshes of serve to time before the scraped one")
    parser.add_argument("--runs", type=int, default=3, help="number of refreshes for a median")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.scenarios) - {*SCENARIOS, "all"}
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    names: list[str] = list(SCENARIOS) if "all" in chosen.scenarios else list(chosen.scenarios or SHORT)
    if chosen.peer_binary and "peer" not in names:
        names.append("peer")
    options = Options(
        peer=chosen.peer_binary, soak_seconds=chosen.soak, unscraped_refreshes=chosen.unscraped, runs=chosen.runs
    )
    everything = list[ScenarioMeasurement]()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    if not chosen.peer_binary:
        print("No peer was run: pass one with --peer-binary.")
    for name in names:
        for scenario in SCENARIOS[name]:
            everything += _print(name, scenario, options)
    if chosen.json:
        chosen.json.write_text(json.dumps([one.as_json() for one in everything], indent=1) + "\n")
    return int(any(one.goal_met is False for one in everything))


def _print(name: str, scenario: Scenario, options: Options) -> list[ScenarioMeasurement]:
    """Runs one scenario and prints its figures under its description."""
    about = (scenario.__doc__ or "").partition("\n")[0].partition(": ")[2]
    print(f"\n{name}  {about or 'the limits of the fake itself'}", flush=True)
    figures = list(scenario(options))
    print(format_table(figures, peer=bool(options.peer)), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
