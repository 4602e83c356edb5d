"""Loading config.yaml, beside PyYAML parsing the same text into plain values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from basewatch.config.loading import load
from benchmarks.timing import Measurement, best_time


def measurements() -> Iterator[Measurement]:
    """One figure: what places, quantities and models cost on top of reading YAML."""
    path = Path(__file__).parents[1] / "config.yaml"
    text = path.read_text(encoding="utf-8")
    yield Measurement(
        what="load config.yaml",
        measured_seconds=best_time(lambda: load(path)),
        bound_name="yaml.safe_load of the same text",
        bound_seconds=best_time(lambda: yaml.safe_load(text)),
    )
