"""The exporter's pages: metrics for Prometheus, and whether the process is alive and has something to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from basewatch import __version__
from exposition.page import MetricsPage
from workflows.web.metrics_endpoint import MetricsEndpoint

_CLOSED = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """One page, when it was rendered, and what is missing before anybody should rely on it; empty when nothing is."""

    page: MetricsPage
    rendered_at: datetime
    waiting_for: str


class ServedPage:
    """What is being served now: rendered once per refresh and swapped whole, so that a scrape never waits."""

    def __init__(self, shown: RenderedPage) -> None:
        """Serves `rendered` until there is something newer."""
        self.rendered = shown

    def replace(self, shown: RenderedPage) -> None:
        """Serve `rendered` from now on: a scrape that has begun still gets all of what was there before."""
        self.rendered = shown


def app(served: ServedPage, *, clock: Callable[[], datetime], unhealthy_after: timedelta) -> Starlette:
    """The application that serves what is exposed. It calls itself dead once nothing was rendered for `unhealthy_after`.

    Nothing here blocks, so every request is answered by the one thread of the event loop.
    """

    async def healthy(_request: Request) -> Response:
        at = served.rendered.rendered_at
        if clock() - at <= unhealthy_after:
            return PlainTextResponse("basewatch is healthy\n")
        since = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        return PlainTextResponse(f"basewatch is not healthy: nothing was refreshed since {since}\n", status_code=503)

    async def ready(_request: Request) -> Response:
        if not (waiting_for := served.rendered.waiting_for):
            return PlainTextResponse("basewatch is ready\n")
        return PlainTextResponse(f"basewatch is not ready: waiting for {waiting_for}\n", status_code=503)

    async def front(_request: Request) -> Response:
        shown = served.rendered
        return HTMLResponse(landing(waiting_for=shown.waiting_for, at=shown.rendered_at), headers=_CLOSED)

    return Starlette(
        routes=[
            Route("/", front),
            Route("/metrics", MetricsEndpoint(lambda: served.rendered.page), methods=["GET", "HEAD"]),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ]
    )


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Basewatch</title>
<style>:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }} body {{ margin: 3rem }}</style>
<h1>Basewatch</h1>
<p>Version {version}, {state}. The page of metrics is of {at}.</p>
<ul>
<li><a href="metrics">/metrics</a>: what Prometheus scrapes</li>
<li><a href="-/healthy">/-/healthy</a>: whether it still refreshes</li>
<li><a href="-/ready">/-/ready</a>: whether its metrics can be relied on</li>
</ul>
</html>
"""


def landing(*, waiting_for: str, at: datetime) -> str:
    """The page, as HTML."""
    state = f"not ready: waiting for {waiting_for}" if waiting_for else "ready"
    return _PAGE.format(version=escape(__version__), state=escape(state), at=escape(f"{at:%Y-%m-%d %H:%M:%S} UTC"))
