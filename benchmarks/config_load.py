"""The cost of loading config.yaml, compared with PyYAML parsing the same text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from benchmarks.timing import Measurement, best_time


def measurements() -> Iterator[Measurement]:
    """The cost of positions, quantities and models on top of reading YAML."""
    path = Path(__file__).parents[1] / "config.yaml"
    text = path.read_text(encoding="utf-8")
    yield Measurement(
        what="load config.yaml",
        measured_seconds=best_time(lambda: load(path, CHANNEL_TYPES)),
        bound_name="yaml.safe_load of the same text",
        bound_seconds=best_time(lambda: yaml.safe_load(text)),
    )
