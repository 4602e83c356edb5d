"""The small pieces that every expression is put together from, each escaped as PromQL wants it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

Labels = Mapping[str, str]

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def quoted(text: str) -> str:
    """Text as a PromQL string in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def selector(metric: str, labels: Labels) -> str:
    """The series of a metric that have all of these labels; an empty value asks for the label's absence."""
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    return f"{metric}{{{matchers}}}" if matchers else metric


def label_list(labels: Iterable[str]) -> str:
    """Label names as they stand behind `by` and `on`."""
    return f"({', '.join(labels)})"


def promql_duration(length: timedelta) -> str:
    """A duration of whole milliseconds as Prometheus writes it: `5m`, `1h30m`, `30d`."""
    rest, parts = round(length / timedelta(milliseconds=1)), list[str]()
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def number(value: float) -> str:
    """A number without the dust of binary arithmetic: 1 - 0.999 is 0.001."""
    return f"{value:.12g}"


def escape_template(text: str) -> str:
    """Text that stands in an annotation as it is: whatever it holds, Prometheus expands nothing in it."""
    return text.replace("{{", '{{ "{{" }}')
