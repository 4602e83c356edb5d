"""Counts the requests to the fake by operation, and what AWS would bill for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from typing import Any

from benchmarks.cloudwatch.metric_data_request import ParsedRequest

_DOLLARS_PER_METRIC = 1e-5
_DOLLARS_PER_LISTING = 1e-5
_PAUSE_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class RequestCounts:
    """Counts since the start or the last reset.

    `billed` counts up to five statistics of a metric as one, `queries` counts each. Times are Unix seconds;
    `busy_seconds` is the fake's own work on an operation, without its latency. `bursts` are series of requests less
    than a second apart: the first request, the last response, and their number; `metric_bursts` are those of
    GetMetricData alone.
    """

    calls: Counter[str] = field(default_factory=Counter[str])
    calls_by_account_and_region: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    queries: int = 0
    billed: int = 0
    datapoints: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    first_call: float = 0
    last_call: float = 0
    busy_seconds: dict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    metrics: set[tuple[object, ...]] = field(default_factory=set[tuple[object, ...]])
    bursts: list[list[float]] = field(default_factory=list[list[float]])
    metric_bursts: list[list[float]] = field(default_factory=list[list[float]])
    metrics_in_flight: int = 0
    seen: set[int] = field(default_factory=set[int])

    def request_started(self, at: float) -> None:
        """A request arrived."""
        self.first_call = self.first_call or at
        self.last_call = at
        _begin(self.bursts, at, idle=not self.in_flight)
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def metric_data_started(self, at: float) -> None:
        """A GetMetricData request arrived."""
        _begin(self.metric_bursts, at, idle=not self.metrics_in_flight)
        self.metrics_in_flight += 1

    def request_finished(self, at: float, *, metrics: bool) -> None:
        """A request was answered."""
        self.in_flight = max(0, self.in_flight - 1)
        _end(self.bursts, at)
        if metrics:
            self.metrics_in_flight = max(0, self.metrics_in_flight - 1)
            _end(self.metric_bursts, at)

    def metric_data_answered(self, asked: ParsedRequest, datapoints: int) -> None:
        """A GetMetricData request was answered; further pages are not billed."""
        self.datapoints += datapoints
        if asked.token:
            return
        self.queries += len(asked.queries)
        self.billed += asked.billed
        if id(asked) not in self.seen:
            self.seen.add(id(asked))
            self.metrics |= asked.metrics

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        listings = self.calls["ListMetrics"] * _DOLLARS_PER_LISTING
        names = (one.name for one in fields(self) if one.name not in {"metrics", "seen"})
        counts = {name: getattr(self, name) for name in names}
        counts |= {"distinct_metrics": len(self.metrics), "calls_total": sum(self.calls.values())}
        counts |= {"dollars_five_for_one": self.billed * _DOLLARS_PER_METRIC + listings}
        counts |= {"dollars_per_query": self.queries * _DOLLARS_PER_METRIC + listings}
        return counts


def _begin(bursts: list[list[float]], at: float, *, idle: bool) -> None:
    if not bursts or (idle and at - bursts[-1][1] > _PAUSE_SECONDS):
        bursts.append([at, at, 0])
    bursts[-1][2] += 1


def _end(bursts: list[list[float]], at: float) -> None:
    if bursts:
        bursts[-1][1] = at
