"""Quantities as people write them: durations, shares, rates, and limits that must be crossed for a while."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, PlainSerializer

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
_PER = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
T = TypeVar("T")


def parse_duration(value: object) -> timedelta:
    """The duration that text such as `500ms`, `15m`, `1h30m`, `35d` or `7y` stands for.

    Raises: ValueError with examples, when it is anything else.
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"'{text}' is not a duration; write for example 500ms, 15m, 1h30m, 35d or 7y")
    return sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())


def duration_text(value: timedelta) -> str:
    """The shortest exact way to write a duration in one or two units, such as `35d` or `1h30m`."""
    milliseconds = round(value / timedelta(milliseconds=1))
    if milliseconds == 0:
        return "0s"
    sign, rest, parts = ("-" if milliseconds < 0 else ""), abs(milliseconds), list[str]()
    year = round(_UNITS["y"] / timedelta(milliseconds=1))
    if rest % year == 0:
        return f"{sign}{rest // year}y"
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(_UNITS[unit] / timedelta(milliseconds=1)))
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def parse_share(value: object) -> float:
    """The ratio 0 to 1 that text such as `5%` or a number between 0 and 1 stands for."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        ratio = float(value)
    else:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", str(value).strip())
        if match is None:
            raise ValueError(f"'{value}' is not a share; write for example 5% or 0.05")
        ratio = float(match[1]) / 100
    if not 0 <= ratio <= 1:
        raise ValueError(f"'{value}' is not between 0% and 100%")
    return ratio


def parse_rate(value: object) -> float:
    """The events per second that text such as `10/s`, `1000/min` or `1000/h` stands for."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*(s|min|m|h|d)", str(value).strip())
    if match is None:
        raise ValueError(f"'{value}' is not a rate; write for example 10/s, 1000/min or 1000/h")
    return float(match[1]) / _PER[match[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Generic[T]):
    """A promise `value`, broken when what is measured stays above it for at least `sustained`; `text` as written."""

    value: T
    sustained: timedelta
    text: str


def _limit_of(parse: object, value: object) -> object:
    if isinstance(value, Limit):
        return value
    text = str(value).strip()
    head, separator, tail = text.partition(" for ")
    amount = parse(head if separator else value)  # type: ignore[operator]  # one of the parsers above
    return Limit(value=amount, sustained=parse_duration(tail) if separator else timedelta(), text=text)


def _duration_limit(value: object) -> object:
    return _limit_of(parse_duration, value)


def _share_limit(value: object) -> object:
    return _limit_of(parse_share, value)


def _rate_limit(value: object) -> object:
    return _limit_of(parse_rate, value)


def _text_of(limit: Limit[object]) -> str:
    return limit.text


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(duration_text)]
Share = Annotated[float, BeforeValidator(parse_share)]
Rate = Annotated[float, BeforeValidator(parse_rate)]
DurationLimit = Annotated[Limit[timedelta], BeforeValidator(_duration_limit), PlainSerializer(_text_of)]
ShareLimit = Annotated[Limit[float], BeforeValidator(_share_limit), PlainSerializer(_text_of)]
RateLimit = Annotated[Limit[float], BeforeValidator(_rate_limit), PlainSerializer(_text_of)]
