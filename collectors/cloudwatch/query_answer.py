"""The answer to one query as CloudWatch wrote it: complete, or with the reason why it is not."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.wire import MetricDataResult, messages_text

ACTION = "cloudwatch:GetMetricData"


class Answer(NamedTuple):
    """The answer to one query: the start of each period (Unix seconds, ascending) and its value.

    `error` says why the answer is incomplete; None when it is complete.
    """

    starts: Sequence[float]
    values: Sequence[float]
    error: ObservationError | None = None


class Transient(ObservationError):
    """An error that the next attempt may not have."""


class Unusable(ObservationError):
    """A page of an answer was malformed, so that nothing is known of the metric."""

    def __init__(self, problem: Exception) -> None:
        detail = f"CloudWatch's answer for this metric cannot be used: {problem}"
        super().__init__(Reason.UNSUPPORTED, detail, remedy="run again; if it stays, report it")


def parse_result(result: MetricDataResult, warning: str, bounds: tuple[float, float]) -> Answer:
    """The answer in one result. Periods start at `bounds` (Unix seconds): from the first, and before the second.

    Raises: KeyError, TypeError or ValueError, when the result is malformed, has a time outside the bounds, or a value
    that is not a number or below zero, which no metric of AWS is.
    """
    starts, values = result["Timestamps"], result["Values"]
    if len(starts) != len(values) or type(starts) is not list or type(values) is not list:
        raise ValueError("Timestamps and Values differ in length or are not lists")
    if not {*map(type, starts), *map(type, values)} <= {int, float} or not isfinite(sum(values)):
        raise ValueError("a value is not a number")
    if values and min(values) < 0:
        raise ValueError("a value is below zero")
    if starts and not bounds[0] <= min(starts) <= max(starts) < bounds[1]:
        raise ValueError("a time is outside the requested window")
    if starts != sorted(starts):
        starts, values = _sorted(starts, values)
    if result["StatusCode"] == "Complete" and (starts or not warning):
        return Answer(starts, values)
    return Answer(starts, values, _result_error(result, warning))


def merged(before: Answer, more: Answer) -> Answer:
    """The answers of two pages merged; the error is the later page's, unless a page was unusable."""
    if isinstance(before.error, Unusable) or isinstance(more.error, Unusable):
        return before if isinstance(before.error, Unusable) else more
    starts, values = [*before.starts, *more.starts], [*before.values, *more.values]
    answered = isinstance(more.error, _EmptyAfterWarning) and starts
    return Answer(*_sorted(starts, values), None if answered else more.error)


def _sorted(starts: Sequence[float], values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The datapoints in order of time, one for each period; of duplicates the last one wins."""
    points = dict(zip(starts, values, strict=True))
    return sorted(points), [points[start] for start in sorted(points)]


class _EmptyAfterWarning(ObservationError):
    """The answer is empty while the response carries a warning: the query may have datapoints."""


def _result_error(result: MetricDataResult, warning: str) -> ObservationError:
    """Why a result is incomplete."""
    text = messages_text(result.get("Messages"))
    text = f" ({text})" if text else ""
    match result["StatusCode"]:
        case "Complete":
            return _EmptyAfterWarning(Reason.NOT_ENOUGH_DATA, f"CloudWatch warned: {warning}")
        case "PartialData":
            return Transient(Reason.NOT_ENOUGH_DATA, f"CloudWatch returned partial data{text}", remedy="run again")
        case "InternalError":
            return Transient(Reason.UNREACHABLE, f"CloudWatch had an internal error{text}", remedy="run again")
        case "Forbidden":
            return ObservationError(Reason.DENIED, f"CloudWatch forbids this metric{text}", remedy=f"grant {ACTION}")
        case status:
            return ObservationError(Reason.UNSUPPORTED, f"CloudWatch answered with the unknown status {status}{text}")
