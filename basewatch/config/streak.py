"""How long a state has to last before it counts, and how often it is repeated: `2 passes`, `30m` or `false`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from basewatch.errors import InvalidValueError, display_value
from basewatch.quantities import format_duration, parse_positive_duration

_PASSES = r"([1-9]\d{0,3})\s+pass(?:es)?"
_EXAMPLES = "write for example 1 pass, 2 passes or 30m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """A number of passes in a row, or a duration; one of the two is the smallest that there is."""

    passes: int = 1
    duration: timedelta = timedelta()

    def __str__(self) -> str:
        """As it is written in the configuration."""
        if self.duration:
            return format_duration(self.duration)
        return f"{self.passes} pass{'es' if self.passes > 1 else ''}"


def parse_streak(value: object) -> Streak:
    """The streak that a text such as `2 passes` or `30m` means. Raises: InvalidValueError."""
    if isinstance(value, Streak):
        return value
    if isinstance(value, str) and (match := re.fullmatch(_PASSES, value.strip(), re.ASCII)):
        return Streak(passes=int(match[1]))
    try:
        return Streak(duration=parse_positive_duration(value))
    except InvalidValueError:
        raise InvalidValueError(
            f"{display_value(value)} is neither a number of passes nor a duration", _EXAMPLES
        ) from None


PassesOrDuration = Annotated[
    Streak,
    BeforeValidator(parse_streak),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["1 pass", "2 passes", "30m"]}),
]


def parse_reminder_interval(value: object) -> timedelta:
    """The time between two reminders; none for `false`. Raises: InvalidValueError."""
    return timedelta() if value is False else parse_positive_duration(value)


def _interval_text(interval: timedelta) -> str | bool:
    return format_duration(interval) if interval else False


ReminderInterval = Annotated[
    timedelta,
    BeforeValidator(parse_reminder_interval),
    PlainSerializer(_interval_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}], "examples": ["24h", False]}),
]
