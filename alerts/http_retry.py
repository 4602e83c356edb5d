"""Whether a channel's HTTP response allows a retry, and when."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

_TRANSIENT = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


def retryable(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After header asks for; None without one, or for a date, which no channel sends."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(text) if text.isdecimal() else None


def connection_error(error: BaseException) -> str:
    """Why there was no response, in words that contain no URL."""
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "did not answer in time"
    return f"could not be reached ({type(error).__name__})"
