"""Prints every measurement, or those of the modules named as arguments."""

from __future__ import annotations

import importlib
import sys

MODULES = ("config_load", "check_runner", "exposition", "tenancy")


def main(names: list[str]) -> None:
    """Measure module by module and print a line as soon as it is known."""
    for name in names or MODULES:
        for figure in importlib.import_module(f"benchmarks.{name}").figures():
            print(figure, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
