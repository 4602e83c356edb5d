"""Text formats of the configuration: account ids, regions, routes, dates, addresses, database URLs, digests."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from basewatch.errors import InvalidValueError, display_value

_ACCOUNT: Final = r"\d{12}"
_REGION: Final = r"[a-z]{2,}(-[a-z]+)+-\d"
_ROUTE: Final = r"[A-Z]+ /\S*"
_LISTEN: Final = r"(?:\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|[^\s\[\]:]*):\d{1,5}"
_FILE_MODE: Final = r"0?6[046][046]"
_PORTS: Final = 65_535


def parse_account_id(value: object) -> str:
    """An AWS account id, 12 digits of text. Raises: InvalidValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        # YAML may have read the number as octal, so it is not repeated.
        raise InvalidValueError(
            "an account id without quotes is a number to YAML, which drops its leading zeros",
            'put the 12 digits in quotes: id: "012345678901"',
        )
    if not isinstance(value, str) or not re.fullmatch(_ACCOUNT, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is not an AWS account id", 'write its 12 digits in quotes: "012345678901"'
        )
    return value


def parse_route(value: object) -> str:
    """A method and a path as API Gateway writes them. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_ROUTE, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is not a method and a path", "write for example POST /auth/authenticate"
        )
    return value


def parse_date(value: object) -> date:
    """A calendar date, as YAML reads it or as text. Raises: InvalidValueError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidValueError(f"{display_value(value)} is not a date", "write for example 2025-10-06") from None


def parse_region(value: object) -> str:
    """The name of an AWS region. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_REGION, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} is not the name of an AWS region", "write for example us-east-1"
        )
    return value


def parse_host_port(value: object) -> str:
    """An address and port: a name, an IPv4 address, an IPv6 address in brackets, or nothing for every interface.

    Raises: InvalidValueError.
    """
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(_LISTEN, text, re.ASCII) or int(text.rpartition(":")[2]) > _PORTS:
        raise InvalidValueError(
            f"{display_value(value)} is not an address and port",
            "write for example 127.0.0.1:9464, [::1]:9464, or :9464 for every interface",
        )
    return text


def parse_file_mode(value: object) -> str:
    """The mode of a file in octal digits, as chmod has it; its owner reads and writes. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_FILE_MODE, value, re.ASCII):
        # YAML reads 0640 without quotes as the number 416.
        raise InvalidValueError("this is not the mode of a file", 'write it in quotes, for example "0600" or "0640"')
    return value


def parse_database_url(value: object) -> str:
    """A SQLAlchemy URL without a password, or a secret reference to a URL. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.match(r"[a-z][a-z0-9+-]*:\S", value):
        raise InvalidValueError("this is not a database URL", "write for example sqlite:///out/basewatch.db")
    if re.match(r"[^:]+://[^/@]*:[^/]*@", value) or re.search(r"[?&]password=", value):
        raise InvalidValueError(
            "a database URL with a password must not be in the configuration",
            "keep the URL where secrets are kept and write env:NAME or file:PATH; and change the password",
        )
    return value


def parse_digest(value: object) -> str:
    """The sha256 of a definition, as a finding prints it. Raises: InvalidValueError."""
    text = value if isinstance(value, str) else ""
    name, _, digits = text.partition(":")
    if name != "sha256" or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):  # noqa: PLR2004  # hex digits of a sha256
        raise InvalidValueError(
            f"{display_value(value)} is not a digest", "copy it from the finding: sha256: and 64 hex digits"
        )
    return text


def _text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


AccountId = Annotated[str, BeforeValidator(parse_account_id), _text(_ACCOUNT, "123456789012")]
Region = Annotated[str, BeforeValidator(parse_region), _text(_REGION, "us-east-1")]
Route = Annotated[str, BeforeValidator(parse_route), _text(_ROUTE, "POST /auth/authenticate")]
CalendarDate = Annotated[
    date, BeforeValidator(parse_date), WithJsonSchema({"type": "string", "format": "date", "examples": ["2025-10-06"]})
]
HostPort = Annotated[str, BeforeValidator(parse_host_port), _text(_LISTEN, "127.0.0.1:9464")]
FileMode = Annotated[str, BeforeValidator(parse_file_mode), _text(_FILE_MODE, '"0640"')]
DatabaseUrl = Annotated[str, BeforeValidator(parse_database_url), _text(r".+", "sqlite:///out/basewatch.db")]
Digest = Annotated[
    str, BeforeValidator(parse_digest), WithJsonSchema({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})
]
