"""Measures passes over AWS accounts: `python -m benchmarks.account [--peer PATH_OF_PROWLER]`."""

from __future__ import annotations

import argparse
import sys

from benchmarks.account import growth, scan

_MIB = 1 << 20


def main(arguments: list[str]) -> int:
    """Prints the growth, and a pass beside that of a peer. The exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.account", description=__doc__)
    parser.add_argument("--peer", default="", help="the program of Prowler, to measure on the same account")
    chosen = parser.parse_args(arguments)
    print(f"{'resources':>9} {'requests':>9} {'passed':>7} {'wall':>8} {'CPU':>8} {'CPU each':>9} {'peak':>9}")
    grown = list[growth.Growth]()
    for each in growth.measurements():
        grown.append(each)
        print(
            f"{each.resources:>9,} {each.requests:>9,} {each.passed:>7,} {each.wall_seconds:>6.2f} s "
            f"{each.cpu_seconds:>6.2f} s {each.cpu_seconds / each.resources * 1000:>6.2f} ms "
            f"{each.peak_bytes / _MIB:>5.0f} MiB",
            flush=True,
        )
    print(f"\n{'':<10} {'requests':>9} {'twice':>6} {'wall':>8} {'CPU':>8} {'peak':>9} {'installed':>10}")
    scanned = list[scan.Scan]()
    for one in scan.scans(chosen.peer):
        scanned.append(one)
        print(
            f"{one.who:<10} {one.requests:>9,} {one.repeated:>6,} {one.wall_seconds:>6.2f} s {one.cpu_seconds:>6.2f} s "
            f"{one.peak_bytes / _MIB:>5.0f} MiB {one.installed_bytes / _MIB:>6.0f} MiB",
            flush=True,
        )
    if not chosen.peer:
        print("No peer was run: pass one with --peer.")
    small, large = grown[0], grown[-1]
    linear = large.cpu_seconds / large.resources <= small.cpu_seconds / small.resources
    far_below = not chosen.peer or 10 * scanned[0].requests <= scanned[1].requests
    return int(not (linear and far_below))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
