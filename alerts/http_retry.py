"""Whether a channel's HTTP response allows a retry, when, and whether the channel may have received the message."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_TRANSIENT = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)
# With these, no request was sent. The names are those of urllib3 and requests, which not every channel loads.
_NOT_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
_NOT_SENT_NAMES = ("ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "NameResolutionError", "ProxyError")
_LONGEST_CHAIN = 10


def retryable(status: int) -> bool:
    """Whether the same request may succeed later.

    A 2xx that is not the channel's documented success, or a redirect, comes from something before the channel. What has
    moved for good has another address.
    """
    if status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT):
        return False
    return status in _TRANSIENT or may_have_arrived(status)


def may_have_arrived(status: int) -> bool:
    """Whether the channel may have accepted a message although it answered so: not if it says what is wrong with it."""
    return not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After header asks for: a number, also a fraction, or a date; the first of a list.

    None without the header, and for anything else. It may be any number from 0, also infinity.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    text = lower.get("retry-after", "").strip()
    if number := _SECONDS.match(text):
        return float(number[0])
    end, start = _date(text), _date(lower.get("date", "")) or datetime.now(UTC)
    return None if end is None else max((end - start).total_seconds(), 0.0)


def connection_error(error: BaseException) -> str:
    """Why there was no response, in words that contain no URL."""
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "did not answer in time"
    if name == "TooManyRedirects":
        return "answered with a redirect, as a proxy or a login form does"
    return f"could not be reached ({name})"


def may_have_been_sent(error: BaseException) -> bool:
    """Whether a request without a response may have reached the channel."""
    return not any(
        isinstance(each, _NOT_SENT)
        or type(each).__name__ in _NOT_SENT_NAMES
        or str(each).startswith("Tunnel connection failed")
        for each in _chain(error, _LONGEST_CHAIN)
    )


def _chain(error: object, depth: int) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    if isinstance(error, BaseException) and depth:
        yield error
        for cause in (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args[:2]):
            if cause is not error:
                yield from _chain(cause, depth - 1)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
