"""Quantities as people write them: durations, ratios, rates, and thresholds that may have to be sustained."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from basewatch.errors import InvalidValueError, display_value

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    # The Gregorian mean year: 7y is 2556.75 days, so that 7 x 365 days is seen to be short.
    "y": timedelta(days=365.25),
}
LONGEST_DURATION = 100 * _UNITS["y"]
"""The longest duration that can be promised: a date this far from today still exists, and S3 locks for no longer."""
_PER = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = rf"{_NUMBER}(?:ms|[smhdwy])(?:\s*{_NUMBER}(?:ms|[smhdwy]))*"
_RATIO = rf"({_NUMBER})\s*%"
_RATE = rf"({_NUMBER})\s*/\s*(s|min|m|h|d)"
_DURATION_EXAMPLES = "write for example 500ms, 15m, 1h30m, 35d or 7y"
_RATIO_EXAMPLES = "write for example 5% or 0.05"
_RATE_EXAMPLES = "write for example 10/s, 1000/min or 1000/h"
T = TypeVar("T")


def parse_duration(value: object) -> timedelta:
    """The duration that a text such as `500ms`, `15m`, `1h30m`, `35d` or `7y` means, in whole milliseconds.

    Raises: InvalidValueError with examples, when it is anything else.
    """
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if _number(value) is not None or re.fullmatch(_NUMBER, text, re.ASCII):
        raise InvalidValueError(f"{display_value(value)} has no unit of time", _DURATION_EXAMPLES)
    if not re.fullmatch(_DURATION, text, re.ASCII):
        raise InvalidValueError(f"{display_value(value)} is not a duration", _DURATION_EXAMPLES)
    parts = re.findall(rf"({_NUMBER})(ms|[smhdwy])", text)
    try:
        duration = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        duration = timedelta.max
    if duration > LONGEST_DURATION:
        longest = format_duration(LONGEST_DURATION)
        raise InvalidValueError(f"{display_value(value)} is longer than {longest}", _DURATION_EXAMPLES)
    if duration % _UNITS["ms"]:
        raise InvalidValueError(f"{display_value(value)} is finer than a millisecond", _DURATION_EXAMPLES)
    return duration


def parse_positive_duration(value: object) -> timedelta:
    """A duration above zero, as `parse_duration` reads it. Raises: InvalidValueError."""
    duration = parse_duration(value)
    if duration <= timedelta():
        raise InvalidValueError(f"{display_value(value)} is no time at all", _DURATION_EXAMPLES)
    return duration


def format_duration(value: timedelta) -> str:
    """The shortest exact way to write a duration of whole milliseconds, such as `35d`, `7y` or `1h30m`."""
    milliseconds = round(value / timedelta(milliseconds=1))
    if milliseconds == 0:
        return "0s"
    sign, rest, parts = ("-" if milliseconds < 0 else ""), abs(milliseconds), list[str]()
    year = _UNITS["y"] // _UNITS["ms"]
    if rest % year == 0:
        return f"{sign}{rest // year}y"
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _UNITS[unit] // _UNITS["ms"])
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return math.inf


def parse_ratio(value: object) -> float:
    """The ratio, 0 to 1, that a text such as `5%` or a number from 0 to 1 means. Raises: InvalidValueError."""
    ratio = _number(value)
    if ratio is None:
        match = re.fullmatch(_RATIO, value.strip(), re.ASCII) if isinstance(value, str) else None
        if match is None:
            raise InvalidValueError(f"{display_value(value)} is not a ratio", _RATIO_EXAMPLES)
        # In decimals, as it was written: 99.9 / 100 in binary is a little more than 0.999.
        ratio = float(Decimal(match[1]) / 100)
    if not 0 <= ratio <= 1:
        raise InvalidValueError(f"{display_value(value)} is not between 0% and 100%", _RATIO_EXAMPLES)
    return ratio


def parse_rate(value: object) -> float:
    """The events per second that a text such as `10/s`, `1000/min` or `1000/h` means. Raises: InvalidValueError."""
    rate = _number(value)
    if rate is None:
        match = re.fullmatch(_RATE, value.strip(), re.ASCII) if isinstance(value, str) else None
        if match is None:
            raise InvalidValueError(f"{display_value(value)} is not a rate", _RATE_EXAMPLES)
        rate = float(match[1]) / _PER[match[2]]
    if rate < 0 or not math.isfinite(rate):
        raise InvalidValueError(f"{display_value(value)} is not a rate", _RATE_EXAMPLES)
    return rate


def parse_count(value: object) -> float:
    """The count that a number or its text means; an average need not be whole. Raises: InvalidValueError."""
    count = _number(value)
    if count is None:
        text = value.strip() if isinstance(value, str) else ""
        count = float(text) if re.fullmatch(_NUMBER, text, re.ASCII) else math.nan
    if not math.isfinite(count) or count < 0:
        raise InvalidValueError(f"{display_value(value)} is not a count", "write for example 400, or 400 for 5m")
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Generic[T]):
    """A promised limit, broken when the measured value stays beyond it for at least `sustained`; `text` as written."""

    value: T
    sustained: timedelta
    text: str


def _threshold_of(parse: Callable[[object], T], value: object) -> Threshold[T]:
    text = str(value).strip()
    head, separator, tail = text.partition(" for ")
    amount = parse(head if separator else value)
    return Threshold(value=amount, sustained=parse_positive_duration(tail) if separator else timedelta(), text=text)


def _duration_threshold(value: object) -> object:
    return value if isinstance(value, Threshold) else _threshold_of(parse_positive_duration, value)


def _ratio_threshold(value: object) -> object:
    return value if isinstance(value, Threshold) else _threshold_of(parse_ratio, value)


def _rate_threshold(value: object) -> object:
    return value if isinstance(value, Threshold) else _threshold_of(parse_rate, value)


def _count_threshold(value: object) -> object:
    return value if isinstance(value, Threshold) else _threshold_of(parse_count, value)


def _text_of(threshold: Threshold[object]) -> str:
    return threshold.text


def _written_as(pattern: str, *examples: str, number: bool = False) -> WithJsonSchema:
    kind = ["string", "number"] if number else "string"
    return WithJsonSchema({"type": kind, "pattern": f"^{pattern}$", "examples": list(examples)})


_FOR = rf"( for {_DURATION})?"
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_positive_duration),
    PlainSerializer(format_duration),
    _written_as(_DURATION, "15m", "35d", "7y"),
]
Ratio = Annotated[float, BeforeValidator(parse_ratio), _written_as(_RATIO, "5%", number=True)]
Rate = Annotated[float, BeforeValidator(parse_rate), _written_as(_RATE, "1000/min", number=True)]
DurationThreshold = Annotated[
    Threshold[timedelta],
    BeforeValidator(_duration_threshold),
    PlainSerializer(_text_of),
    _written_as(_DURATION + _FOR, "500ms for 5m"),
]
RatioThreshold = Annotated[
    Threshold[float],
    BeforeValidator(_ratio_threshold),
    PlainSerializer(_text_of),
    _written_as(_RATIO + _FOR, "90% for 1m", number=True),
]
RateThreshold = Annotated[
    Threshold[float],
    BeforeValidator(_rate_threshold),
    PlainSerializer(_text_of),
    _written_as(_RATE + _FOR, "10/s for 3m", number=True),
]
CountThreshold = Annotated[
    Threshold[float],
    BeforeValidator(_count_threshold),
    PlainSerializer(_text_of),
    _written_as(_NUMBER + _FOR, "400 for 5m", number=True),
]
