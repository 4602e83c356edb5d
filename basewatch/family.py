"""What Prometheus is told: families, and blocks of their series whose text is rendered once and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Protocol


class MetricType(StrEnum):
    """How a family reads in Prometheus.

    A counter adds up over periods, a gauge is the newest value; a summary has quantiles that are gauges, and a `_sum`
    and a `_count` that are counters.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """One family: its name, its type and its help; a counter's name ends with `_total`, an info's with `_info`."""

    name: str
    type: MetricType
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Series of one family, and the value each has now.

    `series` are their names and labels as `series_text` renders them, in the order they are shown; `values` stand
    beside them, and NaN means that a series has none now and is left out.
    """

    family: MetricFamily
    series: Sequence[bytes]
    values: Sequence[float]


class BlockSource(Protocol):
    """A collector of the running exporter, whatever it asks: refreshed on its clock, shown between refreshes."""

    name: str

    def refresh(self, at: datetime) -> None:
        """Asks for what is due at `at`. Raises nothing that the platform can cause: telemetry says what went wrong."""
        ...

    def blocks(self, at: datetime) -> Iterable[Block]:
        """What is shown as of `at`; every call may return the same sequences, which the caller does not change."""
        ...


def series_text(name: str, labels: Iterable[tuple[str, str]]) -> bytes:
    """A series as the exposition formats write it, with the space before its value: `up{job="a"} `.

    Labels are sorted by name, escaped, and left out when empty. https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    pairs = ",".join(f'{label}="{escape_text(value, in_quotes=True)}"' for label, value in sorted(labels) if value)
    return (f"{name}{{{pairs}}} " if pairs else f"{name} ").encode("utf-8", "replace")


def escape_text(text: str, *, in_quotes: bool = False) -> str:
    """Text as it may stand in HELP, or within quotes."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if in_quotes else text


def tag_labels(tags: Iterable[str]) -> Mapping[str, str]:
    """The label that each tag is told by: `tag_` and the tag's name, `_` for every sign that a label cannot have.

    Of names that would be one label, those after the first get a number, in the order given: `tag_a_b`, `tag_a_b_2`.
    """
    labels: dict[str, str] = {}
    for tag in dict.fromkeys(tags):
        label = "tag_" + re.sub(r"[^a-zA-Z0-9_]", "_", tag)
        numbered = (label if number == 1 else f"{label}_{number}" for number in count(1))
        labels[tag] = next(name for name in numbered if name not in labels.values())
    return labels
