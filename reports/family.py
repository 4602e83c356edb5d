"""What Prometheus is told of the samples that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.collector import MetricType


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family: its name, its type and its help."""

    name: str
    type: MetricType
    help: str
