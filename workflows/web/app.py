"""The exporter's pages: metrics for Prometheus, and whether the process is alive and has something to say."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One rendered exposition, plain and compressed, and whether it makes the exporter ready."""

    body: bytes
    compressed: bytes
    ready: bool
    waiting_for: str


class Exposed:
    """What is being served now: rendered once per refresh and swapped whole, so that a scrape never waits."""

    def __init__(self) -> None:
        self.page = Page(body=b"", compressed=gzip.compress(b""), ready=False, waiting_for="the first collection")

    def show(self, body: bytes, *, waiting_for: str = "") -> None:
        """Serve `body` from now on; the exporter is ready when it waits for nothing."""
        compressed = gzip.compress(body, compresslevel=1)
        self.page = Page(body=body, compressed=compressed, ready=not waiting_for, waiting_for=waiting_for)


def app(exposed: Exposed) -> Starlette:
    """The application that serves what is exposed."""

    def metrics(request: Request) -> Response:
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
            return Response(exposed.page.compressed, media_type=TEXT, headers=headers)
        return Response(exposed.page.body, media_type=TEXT, headers={"vary": "accept-encoding"})

    def healthy(_request: Request) -> Response:
        return PlainTextResponse("basewatch is healthy\n")

    def ready(_request: Request) -> Response:
        page = exposed.page
        if page.ready:
            return PlainTextResponse("basewatch is ready\n")
        return PlainTextResponse(f"basewatch is not ready: waiting for {page.waiting_for}\n", status_code=503)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ]
    )
