"""Metric families, and blocks of series whose text is rendered once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Protocol


class MetricType(StrEnum):
    """The Prometheus type of a family.

    A counter sums amounts over periods; a gauge is the latest value; a summary has quantiles, which are gauges, and a
    `_sum` and a `_count`, which are counters.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """A family's name, type and help; a counter's name ends with `_total`, an info metric's with `_info`."""

    name: str
    type: MetricType
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Series of one family and their current values.

    `series` are names and labels as rendered by `series_text`, in page order; `values` is parallel to it. NaN means no
    value: the series is omitted.
    """

    family: MetricFamily
    series: Sequence[bytes]
    values: Sequence[float]


class BlockSource(Protocol):
    """A collector of the running exporter: refreshed at its own intervals, read by the page at any time."""

    name: str

    def refresh(self, at: datetime) -> None:
        """Fetches what is due at `at`. Errors of the platform do not raise; the telemetry reports them."""
        ...

    def blocks(self, at: datetime) -> Iterable[Block]:
        """The blocks as of `at`. Calls may return the same sequences; the caller must not change them."""
        ...


def series_text(name: str, labels: Iterable[tuple[str, str]]) -> bytes:
    """A series in exposition format with the space before its value: `up{job="a"} `.

    Labels are sorted by name and escaped; empty ones are omitted. https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    pairs = ",".join(f'{label}="{escape_text(value, in_quotes=True)}"' for label, value in sorted(labels) if value)
    return (f"{name}{{{pairs}}} " if pairs else f"{name} ").encode("utf-8", "replace")


def escape_text(text: str, *, in_quotes: bool = False) -> str:
    """Text escaped for HELP, or for a label value."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if in_quotes else text


def tag_labels(tags: Iterable[str]) -> Mapping[str, str]:
    """The label of each tag: `tag_` and the tag's name, with `_` for every character that labels cannot have.

    When names collide, later ones get a number in the given order: `tag_a_b`, `tag_a_b_2`.
    """
    labels: dict[str, str] = {}
    for tag in dict.fromkeys(tags):
        label = "tag_" + re.sub(r"[^a-zA-Z0-9_]", "_", tag)
        numbered = (label if number == 1 else f"{label}_{number}" for number in count(1))
        labels[tag] = next(name for name in numbered if name not in labels.values())
    return labels
