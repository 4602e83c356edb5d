"""Times work and compares it with the least time it could take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from timeit import Timer

_TRIES = 5
_LONG_ENOUGH_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measurement and its bound, both in seconds for the same work."""

    what: str
    measured_seconds: float
    bound_name: str
    bound_seconds: float

    def __str__(self) -> str:
        measured, bound = time_text(self.measured_seconds), time_text(self.bound_seconds)
        return f"{self.what:<46}{measured:>10}    {self.bound_name}: {bound}"


def best_time(work: Callable[[], object]) -> float:
    """The shortest of five runs of `work`, each repeated for long enough to be independent of the clock."""
    timer, repeats = Timer(work), 1
    while timer.timeit(repeats) < _LONG_ENOUGH_SECONDS:
        repeats *= 2
    return min(timer.repeat(repeat=_TRIES, number=repeats)) / repeats


def time_text(value: float) -> str:
    """A time in seconds with three digits and a suitable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"
