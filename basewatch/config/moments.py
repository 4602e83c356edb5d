"""Times as people write them: a date, a time with its zone, a time of day, and the name of a time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, WithJsonSchema

from basewatch.errors import InvalidValueError, display_value

_MOMENT_EXAMPLES = "write a date such as 2026-12-31, or a time with its zone such as 2026-12-31T18:00+01:00"
_DAY = timedelta(days=1)


def parse_start(value: object) -> datetime:
    """A time, or the beginning of a date, in UTC. Raises: InvalidValueError."""
    return _parse_moment(value, timedelta())


def parse_end(value: object) -> datetime:
    """A time, or the end of a date, in UTC. Raises: InvalidValueError."""
    return _parse_moment(value, _DAY)


def _parse_moment(value: object, of_date: timedelta) -> datetime:
    if isinstance(value, datetime):
        return value
    text = value if isinstance(value, str) else ""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + of_date
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidValueError(f"{display_value(value)} is neither a date nor a time", _MOMENT_EXAMPLES) from None
    if moment.tzinfo is None:
        raise InvalidValueError(f"{display_value(value)} has no time zone", _MOMENT_EXAMPLES)
    return moment.astimezone(UTC)


def parse_time_of_day(value: object) -> time:
    """A time of day such as 02:30. Raises: InvalidValueError."""
    if isinstance(value, time):
        return value
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is not a time of day", 'write hours and minutes in quotes: "02:30"'
        )
    return time.fromisoformat(text)


def parse_timezone(value: object) -> str:
    """The name of a time zone in the IANA database. Raises: InvalidValueError."""
    text = value if isinstance(value, str) else ""
    try:
        zone_of(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValueError(
            f"{display_value(value)} is not the name of a time zone", "write for example UTC or Europe/Berlin"
        ) from None
    return text


def zone_of(name: str) -> tzinfo:
    """The time zone of this name. UTC needs no database."""
    return UTC if name == "UTC" else ZoneInfo(name)


_TIME_SCHEMA = WithJsonSchema({"type": "string", "examples": ["2026-12-31", "2026-12-31T18:00+01:00"]})
Start = Annotated[datetime, BeforeValidator(parse_start), _TIME_SCHEMA]
End = Annotated[datetime, BeforeValidator(parse_end), _TIME_SCHEMA]
TimeOfDay = Annotated[
    time,
    BeforeValidator(parse_time_of_day),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["02:30"]}),
]
Timezone = Annotated[
    str, BeforeValidator(parse_timezone), WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Berlin"]})
]
