"""A real server over a page that a test changes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from basewatch.family import Block
from exposition.page import PageRenderer
from tests.fakes import NOON
from workflows.web.pages import RenderedPage, ServedPage, app


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
def running(pages: ASGIApp) -> Iterator[str]:
    """The URL of a server of these pages."""
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            thread.join()
