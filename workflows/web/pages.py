"""The HTTP pages of `basewatch serve`: /metrics in the negotiated format, health, readiness and a landing page."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from html import escape

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from basewatch import __version__
from exposition.page import MetricsPage
from workflows.schedule import SteadyClock
from workflows.web.authentication import TRUSTED
from workflows.web.negotiation import gzip_accepted, negotiated_format

logger = logging.getLogger(__name__)
_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """One metrics page, and when it was rendered. `waiting_for` says why it is not ready; empty when it is.

    `remark` is a line that the health pages add: a problem that a restart does not solve.
    """

    page: MetricsPage
    rendered_at: datetime
    waiting_for: str
    remark: str = ""


class ServedPage:
    """The page that is served now. It is rendered in advance and replaced as one object, so no scrape waits."""

    def __init__(self, rendered: RenderedPage, steady: Callable[[], float] | None = None) -> None:
        """Serves `rendered` until it is replaced. `steady` returns seconds that only grow."""
        self.rendered = rendered
        self._steady = steady or SteadyClock()
        self._replaced = self._steady()

    def replace(self, rendered: RenderedPage) -> None:
        """Serves `rendered` from now on. A response that has begun is still sent from the earlier page."""
        self.rendered = rendered
        self._replaced = self._steady()

    @property
    def age(self) -> timedelta:
        """How long ago the page was replaced, whatever happened to the wall clock since."""
        return timedelta(seconds=self._steady() - self._replaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What a request to reload the configuration led to, as its response says."""

    status_code: int
    text: str


def app(
    served: ServedPage,
    problem: Callable[[], str],
    *,
    reload: Callable[[], Awaitable[Reloaded]] | None = None,
    every_second: Callable[[], None] = lambda: None,
) -> Starlette:
    """The web application. /-/healthy is 503 while there is a `problem`. `reload` is None where nobody may ask for one.

    No handler blocks, so one event loop thread answers every request.
    """

    async def healthy(request: Request) -> Response:
        return _state(request, "healthy", problem(), served.rendered.remark)

    async def ready(request: Request) -> Response:
        waiting_for = served.rendered.waiting_for
        why = f"waiting for {waiting_for}" if waiting_for else ""
        return _state(request, "ready", why, served.rendered.remark)

    async def reloading(request: Request) -> Response:
        if reload is None:
            return PlainTextResponse("reloading is not enabled: see `web.enable_lifecycle`\n", status_code=403)
        if _comes_from_another_site(request):
            return PlainTextResponse("another site cannot ask for a reload\n", status_code=403)
        done = await reload()
        return PlainTextResponse(done.text, status_code=done.status_code)

    async def landing(_request: Request) -> Response:
        return HTMLResponse(landing_page(served.rendered), headers=_SECURITY_HEADERS)

    return Starlette(
        routes=[
            Route("/", landing),
            Route("/metrics", MetricsEndpoint(lambda: served.rendered.page), methods=["GET", "HEAD"]),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
            Route("/-/reload", reloading, methods=["POST", "PUT"]),
        ],
        lifespan=partial(_ticking, every_second),
    )


@asynccontextmanager
async def _ticking(every_second: Callable[[], None], _app: Starlette) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            try:
                every_second()
            except Exception:  # the next tick must come, whatever happens in one
                logger.exception("a task of the web server failed")
            await asyncio.sleep(1)

    ticks = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticks.cancel()


def _state(request: Request, name: str, reason: str, remark: str) -> Response:
    """200 with a remark, or 503; both words only for a client that may read everything."""
    trusted = request.scope.get(TRUSTED, True)
    if not reason:
        return PlainTextResponse(f"basewatch is {name}\n{remark if trusted else ''}")
    told = f": {reason}" if trusted else ""
    return PlainTextResponse(f"basewatch is not {name}{told}\n", status_code=503)


def _comes_from_another_site(request: Request) -> bool:
    """Whether a browser sent the request for a page that is not ours; a browser says so in the header Origin."""
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


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
<li><a href="-/healthy">/-/healthy</a>: whether the page is refreshed and every job runs</li>
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
