"""The web server endures clients that open connections and do not go on, and answers the others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Event, Semaphore
from urllib.parse import urlsplit

import pytest
import urllib3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.workflows.pages import running, shown
from tests.workflows.test_web import generation
from workflows.web.connections import HEAD_SECONDS, Connections
from workflows.web.pages import ServedPage, app

UNFINISHED = (
    b"",
    b"GET /metrics HT",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ",
    b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nand",
)


@contextmanager
def serving(connections: Connections, host: str = "127.0.0.1") -> Iterator[str]:
    """The URL of a server that ends late connections every second."""
    page = app(ServedPage(shown(generation(1))), lambda: "", every_second=connections.end_late)
    with running(page, connections=connections, host=host) as url:
        yield url


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is closed at the end."""
    with ExitStack() as stack:
        yield stack


def connected(stack: ExitStack, url: str, begins: bytes = b"") -> socket.socket:
    """A connection that has sent this."""
    client = stack.enter_context(socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=600))
    client.sendall(begins)
    return client


def ended(client: socket.socket) -> bytes:
    """What the server still sent before it ended the connection, which is waited for."""
    received = b""
    try:
        while more := client.recv(65_536):
            received += more
    except ConnectionResetError:
        pass
    return received


def scraped(url: str) -> int:
    """The status of a scrape on a connection of its own."""
    return urllib3.PoolManager(retries=False, timeout=600).request("GET", f"{url}/metrics").status


def test_scrapes_beside_an_attack_are_answered(stack: ExitStack) -> None:
    """A new connection replaces the oldest that has sent no request, so that the limit shuts out nobody else."""
    connections = Connections(8)
    with serving(connections) as url:
        attack = [connected(stack, url, UNFINISHED[number % 3]) for number in range(40)]
        assert [scraped(url) for _ in range(20)] == [200] * 20
        for client in attack[:32]:
            ended(client)
        assert len(connections) <= 8


def test_a_request_that_does_not_go_on_is_ended(stack: ExitStack) -> None:
    """Neither the head nor the body of a request is waited for longer than its time, nor the next head."""
    answered_once = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /-/healthy HT"
    seconds = count(0.0, HEAD_SECONDS)
    with serving(Connections(512, lambda: next(seconds))) as url:
        clients = [connected(stack, url, begins) for begins in (*UNFINISHED, answered_once)]
        assert scraped(url) == 200
        assert [ended(client)[9:12] for client in clients] == [b"", b"", b"", b"405", b"200"]


def test_connections_that_are_answered_are_not_replaced(stack: ExitStack) -> None:
    """Only when each of them is in the middle of a response, a new connection is refused."""
    began, may_end = Semaphore(0), Event()

    async def slow(_request: Request) -> Response:
        began.release()
        await asyncio.to_thread(may_end.wait, 600)
        return Response()

    with running(Starlette(routes=[Route("/", slow)]), connections=Connections(2)) as url:
        clients = [connected(stack, url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(2)]
        assert [began.acquire(timeout=600) for _ in clients] == [True, True]
        assert ended(connected(stack, url)) == b""
        may_end.set()
        assert [ended(client)[9:12] for client in clients] == [b"200", b"200"]


def test_a_head_that_is_too_long_is_refused(stack: ExitStack) -> None:
    """16 kB are more than any scraper sends."""
    with serving(Connections(512)) as url:
        long = [b"/" + b"x" * 20_000, b"/?" + b"x" * 20_000, b"/ HTTP/1.1\r\nX-Long: " + b"x" * 20_000]
        for head in long:
            whole = b"GET " + head + (b"" if b"HTTP" in head else b" HTTP/1.1") + b"\r\nHost: x\r\n\r\n"
            assert ended(connected(stack, url, whole))[9:12] in {b"431", b"400"}
        unfinished = connected(stack, url, b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000)
        assert ended(unfinished)[9:12] == b"400"
        assert scraped(url) == 200


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_it_listens_by_ipv6_and_on_every_interface() -> None:
    """An IPv6 address is used as it is; without a host, both families are served."""
    with serving(Connections(8), "::1") as url:
        assert scraped(url) == 200
    with serving(Connections(8), "") as url:
        port = urlsplit(url).port
        assert [scraped(f"http://{host}:{port}") for host in ("127.0.0.1", "[::1]")] == [200, 200]


def test_the_limit_leaves_files_for_the_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most half of the files that the process may open are connections."""
    monkeypatch.setattr("resource.getrlimit", lambda _which: (256, 4096))
    assert Connections(512).limit == 128
    assert Connections(64).limit == 64
