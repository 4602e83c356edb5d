"""A real server over a page that a test changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from basewatch.family import Block
from exposition.page import PageRenderer
from tests.fakes import NOON
from workflows.web.connections import Connections, listen
from workflows.web.pages import RenderedPage, ServedPage, app
from workflows.web.security import WebSecurity
from workflows.web.server import web_server


def shown(*blocks: Block, at: datetime = NOON, waiting_for: str = "") -> RenderedPage:
    """A rendered page of these blocks alone."""
    return RenderedPage(
        page=PageRenderer().render(blocks, CollectorRegistry()), rendered_at=at, waiting_for=waiting_for
    )


@contextmanager
def served(page: ServedPage, problem: Callable[[], str] = lambda: "") -> Iterator[str]:
    """The URL of a server of this page, on a thread of this process."""
    with running(app(page, problem)) as url:
        yield url


@contextmanager
def running(
    pages: ASGIApp,
    security: WebSecurity | None = None,
    connections: Connections | None = None,
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """The URL of a server of these pages, with or without TLS, passwords and limits of its own."""
    security = security or WebSecurity(None, None)
    connections = Connections(512) if connections is None else connections
    server = web_server(pages, connections, security)
    with listen(host, 0, connections) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        name, port = f"[{host}]" if ":" in host else host or "localhost", listener.getsockname()[1]
        try:
            yield f"{'https' if security.tls else 'http'}://{name}:{port}"
        finally:
            server.should_exit = True
            thread.join()
