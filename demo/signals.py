"""Synthetic metrics minute by minute: event counts, latencies and gauges, with repeatable noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

Curve = Callable[[int], float]
"""A number for each minute since the epoch."""

_MASK = (1 << 64) - 1
_SPREAD = 0.45


def noise(seed: int, minute: int) -> float:
    """A number in [0, 1), equal for equal seeds and minutes on every machine (the mixer of SplitMix64)."""
    mixed = (minute * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / (1 << 64)


_DAY = tuple((1 - math.cos(2 * math.pi * (minute - 120) / 1440)) / 2 for minute in range(1440))


def daily(low: float, high: float, seed: int) -> Curve:
    """A curve from `low` at 02:00 UTC to `high` at 14:00 UTC, with 5% noise in both directions."""

    def at(minute: int) -> float:
        return (low + (high - low) * _DAY[minute % 1440]) * (0.95 + 0.1 * noise(seed, minute))

    return at


def rounded(curve: Curve, seed: int) -> Curve:
    """The curve as integers, rounded up or down at random, so that the mean does not change."""
    return lambda minute: math.floor(curve(minute) + noise(seed, minute))


@cache
def _of_mean(statistic: str) -> float:
    # A log-normal distribution with mean 1, an approximation of real latencies.
    z = {"Minimum": -2.5, "Maximum": 3.2}.get(statistic)
    if z is None:
        z = NormalDist().inv_cdf(min(max(float(statistic[1:]) / 100, 1e-4), 0.999))
    return math.exp(_SPREAD * z - _SPREAD**2 / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """Counted events out of `samples`; with `omit_zero`, zero gives no datapoint."""

    counts: Curve
    samples: Curve
    omit_zero: bool = False

    def at(self, minute: int, statistic: str) -> float | None:
        """The statistic over one minute; None without a datapoint."""
        count, samples = self.counts(minute), self.samples(minute)
        if samples == 0 or (self.omit_zero and count == 0):
            return None
        if statistic == "Sum":
            return count
        if statistic == "SampleCount":
            return samples
        if statistic == "Average":
            return count / samples
        return float(count > 0) if statistic == "Maximum" else float(count >= samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The latency of `samples` events, in the unit of `mean`; without events there is no datapoint."""

    mean: Curve
    samples: Curve

    def at(self, minute: int, statistic: str) -> float | None:
        """The statistic over one minute; None without a datapoint."""
        samples = self.samples(minute)
        if samples == 0:
            return None
        if statistic == "SampleCount":
            return samples
        mean = self.mean(minute)
        if statistic == "Average":
            return mean
        return mean * samples if statistic == "Sum" else mean * _of_mean(statistic)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeSignal:
    """A gauge with one sample per minute; `peak` is its maximum in the minute."""

    peak: Curve
    swing: float = 0.0
    """The average is this ratio of the peak below the peak, the minimum twice as far."""

    def at(self, minute: int, statistic: str) -> float | None:
        """The statistic over one minute."""
        if statistic == "SampleCount":
            return 1.0
        peak = self.peak(minute)
        if statistic in ("Sum", "Average"):
            return peak * (1 - self.swing)
        return peak * (1 - 2 * self.swing) if statistic == "Minimum" else peak


Signal = EventCounts | Latency | GaugeSignal


def aggregate(signal: Signal, minutes: range, statistic: str) -> float | None:
    """The statistic over several minutes, as CloudWatch aggregates it; a percentile is the minutes' weighted mean."""
    if len(minutes) == 1:
        return signal.at(minutes[0], statistic)
    counts = [(minute, count) for minute in minutes if (count := signal.at(minute, "SampleCount")) is not None]
    if not counts:
        return None
    total = sum(count for _, count in counts)
    if statistic == "SampleCount":
        return total
    values = [(signal.at(minute, "Sum" if statistic == "Average" else statistic) or 0.0) for minute, _ in counts]
    if statistic in ("Sum", "Average"):
        return sum(values) / (total if statistic == "Average" else 1)
    if statistic in ("Maximum", "Minimum"):
        return max(values) if statistic == "Maximum" else min(values)
    return sum(value * count for value, (_, count) in zip(values, counts, strict=True)) / total
