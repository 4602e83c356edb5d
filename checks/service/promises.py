"""The limits of the components as promises that can be judged, each shown in the unit it was written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from basewatch.quantities import Threshold, format_duration
from checks.service.sustained import PromisedLimit

T = TypeVar("T")
_FINE = 0.01
"""Below these seconds, parts of a millisecond are told: disks answer within them."""


def latency_promise(what: str, limit: Threshold[timedelta] | None) -> PromisedLimit:
    """A promise in seconds. Raises: ValueError, when it is not made: such a pair is not planned."""
    made = _made(limit)
    return _promise(what, made, made.value.total_seconds(), _as_duration)


def ratio_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A promise as a ratio from 0 to 1. Raises: ValueError, when it is not made: such a pair is not planned."""
    made = _made(limit)
    return _promise(what, made, made.value, lambda ratio: f"{100 * ratio:.4g}%")


def min_ratio_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A promise that a ratio stays above its limit, judged by what is left to 1. Raises: ValueError, when not made."""
    made = _made(limit)
    return replace(
        _promise(what, made, round(1 - made.value, 12), lambda rest: f"{100 * (1 - rest):.4g}%"), direction="above"
    )


def count_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A promise of a number of things. Raises: ValueError, when it is not made: such a pair is not planned."""
    made = _made(limit)
    return _promise(what, made, made.value, lambda count: f"{count:.4g}")


def rate_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A promise in events per second. Raises: ValueError, when it is not made: such a pair is not planned."""
    made = _made(limit)
    return _promise(what, made, made.value, _per_second if made.value >= 1 else _per_minute)


def _promise(what: str, made: Threshold[T], limit: float, show: Callable[[float], str]) -> PromisedLimit:
    return PromisedLimit(what=what, limit=limit, sustained=made.sustained, limit_text=made.text, format_value=show)


def _as_duration(seconds: float) -> str:
    if seconds < _FINE:
        return f"{1000 * seconds:.2g}ms"
    return format_duration(timedelta(milliseconds=round(seconds * 1000)))


def _per_second(rate: float) -> str:
    return f"{rate:.4g}/s"


def _per_minute(rate: float) -> str:
    return f"{60 * rate:.4g}/min"


def _made(limit: Threshold[T] | None) -> Threshold[T]:
    if limit is None:
        raise ValueError("the component does not make this promise")
    return limit
