"""The HTTP pages of `basewatch serve`: /metrics in the negotiated format, health, readiness and a landing page."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from basewatch import __version__
from exposition.page import ExpositionFormat, MetricsPage

_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """One metrics page, and when it was rendered. `waiting_for` says why it is not ready; empty when it is."""

    page: MetricsPage
    rendered_at: datetime
    waiting_for: str


class ServedPage:
    """The page that is served now. It is rendered in advance and replaced as one object, so no scrape waits."""

    def __init__(self, rendered: RenderedPage) -> None:
        """Serves `rendered` until it is replaced."""
        self.rendered = rendered

    def replace(self, rendered: RenderedPage) -> None:
        """Serves `rendered` from now on. A response that has begun is still sent from the earlier page."""
        self.rendered = rendered


def app(served: ServedPage, *, clock: Callable[[], datetime], unhealthy_after: timedelta) -> Starlette:
    """The web application. /-/healthy is 503 when the page is older than `unhealthy_after`.

    No handler blocks, so one event loop thread answers every request.
    """

    async def healthy(_request: Request) -> Response:
        at = served.rendered.rendered_at
        if clock() - at <= unhealthy_after:
            return PlainTextResponse("basewatch is healthy\n")
        text = f"basewatch is not healthy: the last refresh was at {at:%Y-%m-%dT%H:%M:%SZ}\n"
        return PlainTextResponse(text, status_code=503)

    async def ready(_request: Request) -> Response:
        if not (waiting_for := served.rendered.waiting_for):
            return PlainTextResponse("basewatch is ready\n")
        return PlainTextResponse(f"basewatch is not ready: waiting for {waiting_for}\n", status_code=503)

    async def landing(_request: Request) -> Response:
        return HTMLResponse(landing_page(served.rendered), headers=_SECURITY_HEADERS)

    return Starlette(
        routes=[
            Route("/", landing),
            Route("/metrics", MetricsEndpoint(lambda: served.rendered.page), methods=["GET", "HEAD"]),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ]
    )


_LANDING_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Basewatch</title>
<style>:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }} body {{ margin: 3rem }}</style>
<h1>Basewatch</h1>
<p>Version {version}, {state}. The metrics page was rendered at {at}.</p>
<ul>
<li><a href="metrics">/metrics</a>: the page that Prometheus scrapes</li>
<li><a href="-/healthy">/-/healthy</a>: whether the page is still refreshed</li>
<li><a href="-/ready">/-/ready</a>: whether the first metrics and the first run are on the page</li>
</ul>
</html>
"""


def landing_page(rendered: RenderedPage) -> str:
    """The landing page as HTML."""
    state = f"not ready: waiting for {rendered.waiting_for}" if rendered.waiting_for else "ready"
    at = f"{rendered.rendered_at:%Y-%m-%d %H:%M:%S} UTC"
    return _LANDING_PAGE.format(version=escape(__version__), state=escape(state), at=escape(at))


_CHUNK_BYTES = 1 << 14
"""Compressed bytes that are inflated and sent at once; about 0.3 MB of text."""


class MetricsEndpoint:
    """An ASGI application that sends the page that is current when the request arrives."""

    def __init__(self, page: Callable[[], MetricsPage]) -> None:
        self._page = page

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one GET or HEAD."""
        request = Headers(scope=scope)
        format_ = negotiated_format(",".join(request.getlist("accept")))
        body = self._page()[format_]
        compressed = gzip_accepted(",".join(request.getlist("accept-encoding")))
        headers = {
            "content-type": format_.value,
            "content-length": str(len(body.compressed) if compressed else body.uncompressed_length),
            "vary": "Accept, Accept-Encoding",
        }
        if compressed:
            headers["content-encoding"] = "gzip"
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if scope["method"] == "GET" and not compressed:
            for chunk in _inflated(body.compressed):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        last = body.compressed if scope["method"] == "GET" and compressed else b""
        await send({"type": "http.response.body", "body": last})


def _inflated(compressed: bytes) -> Iterator[bytes]:
    """The page as text, for the few clients without gzip. Stored text would be most of the exporter's memory."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for start in range(0, len(compressed), _CHUNK_BYTES):
        yield inflate.decompress(compressed[start : start + _CHUNK_BYTES])


_TEXT = "text/plain"
_OPENMETRICS = "application/openmetrics-text"
# Media ranges that match the text format, the least specific first: the most specific one sets its quality.
_TEXT_RANGES = ("*/*", "text/*", _TEXT)


def negotiated_format(accept: str) -> ExpositionFormat:
    """OpenMetrics, if version 1.0.0 of it (or no version) is accepted with at least the quality of text; else text.

    Text is also the answer when nothing that exists is accepted: every scraper reads it, and so do people.
    """
    openmetrics = text = 0.0
    specificity = -1
    for media, parameters, quality in _ranges(accept):
        if media == _OPENMETRICS and parameters.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, quality)
        elif media in _TEXT_RANGES and parameters.get("version", "0.0.4") == "0.0.4":
            specific = _TEXT_RANGES.index(media)
            if specific >= specificity:
                specificity, text = specific, quality
    return ExpositionFormat.OPENMETRICS if openmetrics and openmetrics >= text else ExpositionFormat.TEXT


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether gzip is accepted with at least the quality of no encoding."""
    qualities = {coding: quality for coding, _, quality in _ranges(accept_encoding)}
    anything = qualities.get("*", 0.0)
    gzip = qualities.get("gzip", qualities.get("x-gzip", anything))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each member of the header in lower case, with its parameters and quality; an invalid one is skipped."""
    for member in header.lower().split(","):
        name, *rest = (part.strip() for part in member.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (part.partition("=") for part in rest)}
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, parameters, quality
