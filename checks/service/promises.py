"""Turns the declared limits of components into promised limits, each with the unit of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from basewatch.quantities import Threshold, format_duration

T = TypeVar("T")
_SUB_MILLISECOND_BELOW = 0.01
"""Durations below these seconds are shown with fractions of a millisecond, as storage latencies need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedLimit:
    """A promised limit of a metric: it fails when the metric is above `limit` for `sustained`.

    `what` names the metric, `limit_text` is the limit as configured, and `format_value` formats a value of the metric.
    `direction` says on which side of `limit_text` the promise is; "above" is judged by the complement of a ratio.
    """

    what: str
    limit: float
    sustained: timedelta
    limit_text: str
    format_value: Callable[[float], str]
    direction: str = "below"

    @property
    def sentence_start(self) -> str:
        """The name of the metric as the start of a sentence."""
        return self.what[:1].upper() + self.what[1:]

    @property
    def expected(self) -> str:
        """The promise as a finding shows it, such as `the p95 latency below 500ms for 5m`."""
        return f"{self.what} {self.direction} {self.limit_text}"

    @property
    def kept_text(self) -> str:
        """The summary of a PASS."""
        return f"{self.sentence_start} stayed within its limit ({self.direction} {self.limit_text})"


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
