"""Loading config.yaml, beside PyYAML parsing the same text into plain values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from basewatch.config.loading import load
from benchmarks.timing import Figure, seconds


def figures() -> Iterator[Figure]:
    """One figure: what places, quantities and models cost on top of reading YAML."""
    path = Path(__file__).parents[1] / "config.yaml"
    text = path.read_text(encoding="utf-8")
    yield Figure(
        what="load config.yaml",
        ours=seconds(lambda: load(path)),
        bound="yaml.safe_load of the same text",
        least=seconds(lambda: yaml.safe_load(text)),
    )
