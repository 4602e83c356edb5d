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
from exposition.page import Page
from workflows.web.scrape import Scrape

_CLOSED = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page, when it was rendered, and what is missing before anybody should rely on it; empty when nothing is."""

    page: Page
    at: datetime
    waiting_for: str


class Exposed:
    """What is being served now: rendered once per refresh and swapped whole, so that a scrape never waits."""

    def __init__(self, shown: Shown) -> None:
        """Serves `shown` until there is something newer."""
        self.shown = shown

    def show(self, shown: Shown) -> None:
        """Serve `shown` from now on: a scrape that has begun still gets all of what was there before."""
        self.shown = shown


def app(exposed: Exposed, *, clock: Callable[[], datetime], patience: timedelta) -> Starlette:
    """The application that serves what is exposed. It calls itself dead once nothing was rendered for `patience`.

    Nothing here blocks, so every request is answered by the one thread of the event loop.
    """

    async def healthy(_request: Request) -> Response:
        at = exposed.shown.at
        if clock() - at <= patience:
            return PlainTextResponse("basewatch is healthy\n")
        since = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        return PlainTextResponse(f"basewatch is not healthy: nothing was refreshed since {since}\n", status_code=503)

    async def ready(_request: Request) -> Response:
        if not (waiting_for := exposed.shown.waiting_for):
            return PlainTextResponse("basewatch is ready\n")
        return PlainTextResponse(f"basewatch is not ready: waiting for {waiting_for}\n", status_code=503)

    async def front(_request: Request) -> Response:
        shown = exposed.shown
        return HTMLResponse(landing(waiting_for=shown.waiting_for, at=shown.at), headers=_CLOSED)

    return Starlette(
        routes=[
            Route("/", front),
            Route("/metrics", Scrape(lambda: exposed.shown.page), methods=["GET", "HEAD"]),
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
