"""One HTTP request to a channel. It follows no redirect, and reads a limited body for a limited time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson

from alerts.http_retry import (
    connection_error,
    may_have_arrived,
    may_have_been_sent,
    retry_after_seconds,
    retryable,
)
from basewatch import __version__
from basewatch.errors import DeliveryError

TIMEOUT_SECONDS = 10.0
MAX_BODY_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page, as a proxy or a login form sends instead of the service."""
        return "html" in self.headers.get("content-type", "") or self.body.lstrip()[:9].lower().startswith(b"<!doctype")

    def json(self) -> object:
        """The body as JSON; None when it is not JSON."""
        try:
            parsed: object = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return parsed


class _NoRedirect(HTTPRedirectHandler):
    """urllib would turn a redirected POST into a GET, whose answer looks like success."""

    def redirect_request(  # noqa: PLR0917  # urllib's own signature
        self, req: Request, fp: object, code: int, msg: str, headers: object, newurl: str
    ) -> None:
        """No further request."""
        del req, fp, code, msg, headers, newurl


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPeer:
    """The server of a channel. Errors name it by `who`, and never by its URL or headers, which may be secret.

    Proxies and certificates are taken from the environment, as urllib does. `timeout_seconds` is for connecting, for
    each wait, and for the whole body.
    """

    who: str
    timeout_seconds: float = TIMEOUT_SECONDS
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def send(
        self,
        url: str,
        body: object = None,
        *,
        method: Literal["GET", "POST", "PATCH"] = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Sends `body`: bytes as they are, anything else as JSON. Raises: DeliveryError, when there is no answer."""
        content = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
        request = Request(  # noqa: S310  # each channel's settings allow http and https alone
            url,
            content,
            {
                "User-Agent": f"basewatch/{__version__}",
                **({} if content is None else {"Content-Type": "application/json"}),
                **self.headers,
                **(headers or {}),
            },
            method=method,
        )
        try:
            with build_opener(_NoRedirect).open(request, timeout=self.timeout_seconds) as response:
                return self._read(response)
        except HTTPError as error:
            with error:
                return self._read_error(error)
        except (OSError, HTTPException, UnicodeError) as error:
            raise self._unanswered(error) from None

    def refusal(self, response: HttpResponse, detail: str = "", *, again: bool | None = None) -> DeliveryError:
        """The error for a response that is no success; `again` overrides whether its status allows a retry."""
        page = "an HTML page, as a proxy or a login form sends it" if response.is_page else ""
        words = ": ".join(filter(None, (f"{self.who} answered {response.status}", detail or page)))
        return DeliveryError(
            words,
            retryable=retryable(response.status) if again is None else again,
            retry_after_seconds=retry_after_seconds(response.headers),
            arrived=may_have_arrived(response.status),
        )

    def _read(self, response: HTTPResponse) -> HttpResponse:
        end, chunks, size = time.monotonic() + self.timeout_seconds, list[bytes](), 0
        while chunk := response.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise DeliveryError(f"{self.who} answered with more than {MAX_BODY_BYTES:,} bytes", retryable=True)
            if time.monotonic() > end:
                raise TimeoutError
        if response.length:
            raise DeliveryError(f"{self.who} cut its answer off", retryable=True)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(status=response.status, headers=headers, body=b"".join(chunks))

    def _read_error(self, error: HTTPError) -> HttpResponse:
        """The response to a refused request; its status counts even when its body does not arrive."""
        headers = {name.lower(): value for name, value in error.headers.items()}
        try:
            body = error.read(_CHUNK_BYTES)
        except (OSError, HTTPException):
            body = b""
        return HttpResponse(status=error.code, headers=headers, body=body)

    def _unanswered(self, error: BaseException) -> DeliveryError:
        cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
        # Not chained: the text of the cause may contain the URL.
        return DeliveryError(f"{self.who} {connection_error(cause)}", retryable=True, arrived=may_have_been_sent(error))
