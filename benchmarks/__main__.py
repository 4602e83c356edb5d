"""Prints every measurement, or those of the named modules; `cloudwatch` and `account` have arguments of their own."""

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
    if names[:1] in (["cloudwatch"], ["account"]):
        return _with_arguments(*names)
    for name in names or MODULES:
        for figure in importlib.import_module(f"benchmarks.{name}").measurements():
            print(figure, flush=True)
    return 0 if names else max(_with_arguments("account"), _with_arguments("cloudwatch"))


def _with_arguments(package: str, *arguments: str) -> int:
    return int(importlib.import_module(f"benchmarks.{package}.__main__").main(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
