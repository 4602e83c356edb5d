"""Prints every measurement, or those of the named modules; `cloudwatch` has arguments of its own."""

from __future__ import annotations

import importlib
import sys

MODULES = (
    "config_load",
    "check_runner",
    "exposition",
    "cloudwatch_call",
    "counters",
    "tenancy",
    "tenancy_catalogue",
    "decision",
    "delivery",
)


def main(names: list[str]) -> int:
    """Runs the modules and prints each figure as soon as it is known; the exit status is 1 when a goal was missed."""
    if names[:1] == ["cloudwatch"]:
        return _cloudwatch(names[1:])
    for name in names or MODULES:
        for figure in importlib.import_module(f"benchmarks.{name}").measurements():
            print(figure, flush=True)
    return 0 if names else _cloudwatch([])


def _cloudwatch(arguments: list[str]) -> int:
    return int(importlib.import_module("benchmarks.cloudwatch.__main__").main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
