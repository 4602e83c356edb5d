"""Turns the declared limits of components into promised limits, each with the unit of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from basewatch.quantities import Threshold, format_duration
from checks.service.sustained import PromisedLimit

T = TypeVar("T")
_SUB_MILLISECOND_BELOW = 0.01
"""Durations below these seconds are shown with fractions of a millisecond, as storage latencies need."""


def latency_promise(what: str, limit: Threshold[timedelta] | None) -> PromisedLimit:
    """A limit in seconds. Raises: ValueError, when the component does not declare it."""
    declared = _declared(limit)
    return _promised_limit(what, declared, declared.value.total_seconds(), _as_duration)


def ratio_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A maximum ratio from 0 to 1. Raises: ValueError, when the component does not declare it."""
    declared = _declared(limit)
    return _promised_limit(what, declared, declared.value, lambda ratio: f"{100 * ratio:.4g}%")


def min_ratio_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A minimum ratio from 0 to 1, judged by its complement. Raises: ValueError, when it is not declared."""
    declared = _declared(limit)
    complement = round(1 - declared.value, 12)
    promise = _promised_limit(what, declared, complement, lambda bad: f"{100 * (1 - bad):.4g}%")
    return replace(promise, direction="above")


def count_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A maximum count. Raises: ValueError, when the component does not declare it."""
    declared = _declared(limit)
    return _promised_limit(what, declared, declared.value, lambda count: f"{count:.4g}")


def rate_promise(what: str, limit: Threshold[float] | None) -> PromisedLimit:
    """A maximum rate in events per second. Raises: ValueError, when the component does not declare it."""
    declared = _declared(limit)
    return _promised_limit(what, declared, declared.value, _per_second if declared.value >= 1 else _per_minute)


def _promised_limit(
    what: str, declared: Threshold[T], limit: float, format_value: Callable[[float], str]
) -> PromisedLimit:
    return PromisedLimit(
        what=what, limit=limit, sustained=declared.sustained, limit_text=declared.text, format_value=format_value
    )


def _as_duration(seconds: float) -> str:
    if seconds < _SUB_MILLISECOND_BELOW:
        return f"{1000 * seconds:.2g}ms"
    return format_duration(timedelta(milliseconds=round(seconds * 1000)))


def _per_second(rate: float) -> str:
    return f"{rate:.4g}/s"


def _per_minute(rate: float) -> str:
    return f"{60 * rate:.4g}/min"


def _declared(limit: Threshold[T] | None) -> Threshold[T]:
    # The plan has no check on a component that does not declare its promise.
    if limit is None:
        raise ValueError("the component does not declare this promise")
    return limit
