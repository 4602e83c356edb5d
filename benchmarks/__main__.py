"""Prints every measurement, or those of the modules named as arguments; `cloudwatch` takes arguments of its own."""

from __future__ import annotations

import importlib
import sys

MODULES = ("config_load", "check_runner", "exposition", "cloudwatch_call", "counters", "tenancy")


def main(names: list[str]) -> int:
    """Measures module by module, and prints a line as soon as it is known; the exit status is 1 for an aim missed."""
    if names[:1] == ["cloudwatch"]:
        return _cloudwatch(names[1:])
    for name in names or MODULES:
        for figure in importlib.import_module(f"benchmarks.{name}").figures():
            print(figure, flush=True)
    return 0 if names else _cloudwatch([])


def _cloudwatch(arguments: list[str]) -> int:
    return int(importlib.import_module("benchmarks.cloudwatch.__main__").main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
