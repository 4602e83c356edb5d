"""PromQL fragments with escaping: strings, selectors, label lists, durations and numbers."""

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
    """A selector of the series with all of these labels; an empty value matches series without the label."""
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    return f"{metric}{{{matchers}}}" if matchers else metric


def label_list(labels: Iterable[str]) -> str:
    """Label names in parentheses, as after `by` and `on`."""
    return f"({', '.join(labels)})"


def promql_duration(length: timedelta) -> str:
    """A duration of whole milliseconds in Prometheus notation: `5m`, `1h30m`, `30d`."""
    rest, parts = round(length / timedelta(milliseconds=1)), list[str]()
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def number(value: float) -> str:
    """A number without binary rounding noise: 1 - 0.999 is 0.001."""
    return f"{value:.12g}"


def escape_template(text: str) -> str:
    """Text with template markers escaped, so that Prometheus expands nothing in it."""
    return text.replace("{{", '{{ "{{" }}')
