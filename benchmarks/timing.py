"""How long something takes, beside the least it could take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from timeit import Timer

_TRIES = 5
_LONG_ENOUGH_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measurement and the bound it stands beside, both in seconds for the same work."""

    what: str
    measured_seconds: float
    bound_name: str
    bound_seconds: float

    def __str__(self) -> str:
        return f"{self.what:<46}{time_text(self.measured_seconds):>10}    {self.bound_name}: {time_text(self.bound_seconds)}"


def best_time(work: Callable[[], object]) -> float:
    """The shortest of five tries at `work`, each repeated for long enough that the clock does not matter."""
    timer, repeats = Timer(work), 1
    while timer.timeit(repeats) < _LONG_ENOUGH_SECONDS:
        repeats *= 2
    return min(timer.repeat(repeat=_TRIES, number=repeats)) / repeats


def time_text(value: float) -> str:
    """A time in seconds as people read it: three digits and the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"
