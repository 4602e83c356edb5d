"""The connections of the web server: how many there may be, and how long each may take for what."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HEAD_SECONDS = 10.0
"""How long a new connection may take until the head of its first request is there, TLS handshake included."""
RESPONSE_SECONDS = 60.0
"""How long a response may take, body of the request included; and then the head of the next request."""
LONGEST_HEAD = 16_384
"""Bytes of the request line and the headers. A scrape sends less than a thousand."""
_BACKLOG = 128


class _Connection(socket.socket):
    """An accepted connection with the moment by which something must have happened on it."""

    connections: Connections
    client: tuple[str, int]
    deadline: float

    def close(self) -> None:
        self.connections.remove(self)
        super().close()


class Connections:
    """Every open connection. A new one beyond the limit replaces the oldest that waits for a request.

    So whoever opens connections and sends nothing shuts out only itself. Used by the thread of the event loop alone.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """The limit is lowered to half of the files that this process may open: the rest is for its own work."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.limit = limit if files == resource.RLIM_INFINITY else min(limit, files // 2)
        self._clock = clock
        self._waiting: dict[tuple[str, int], _Connection] = {}
        self._responding: dict[tuple[str, int], _Connection] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._responding)

    def add(self, connection: _Connection) -> None:
        """Adds a new connection. Raises: ConnectionAbortedError, when every other one is being answered."""
        while len(self) >= self.limit:
            if not self._waiting:
                raise ConnectionAbortedError
            self._end(next(iter(self._waiting.values())))
        connection.deadline = self._clock() + HEAD_SECONDS
        self._waiting[connection.client] = connection

    def remove(self, connection: _Connection) -> None:
        """Forgets a connection that is closed."""
        for kept in (self._waiting, self._responding):
            if kept.get(connection.client) is connection:
                del kept[connection.client]

    def begin_response(self, client: tuple[str, int]) -> None:
        """Notes that the head of a request is there."""
        if connection := self._waiting.pop(client, None):
            connection.deadline = self._clock() + RESPONSE_SECONDS
            self._responding[client] = connection

    def end_response(self, client: tuple[str, int]) -> None:
        """Notes that the response was handed over; the client may still be reading it."""
        if connection := self._responding.pop(client, None):
            connection.deadline = self._clock() + RESPONSE_SECONDS
            self._waiting[client] = connection

    def end_late(self) -> None:
        """Ends every connection whose time is up."""
        now = self._clock()
        for connection in [*self._waiting.values(), *self._responding.values()]:
            if connection.deadline <= now:
                self._end(connection)

    def end_waiting(self) -> None:
        """Ends every connection that is not being answered, as the server stops: a TLS client may not close it soon."""
        for connection in [*self._waiting.values()]:
            self._end(connection)

    def _end(self, connection: _Connection) -> None:
        """Ends both directions, upon which the event loop closes the socket. It no longer counts."""
        self.remove(connection)
        with suppress(OSError):  # the client was faster
            connection.shutdown(socket.SHUT_RDWR)


class Listener(socket.socket):
    """A listening socket whose connections are counted and end in time."""

    connections: Connections

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises: ConnectionAbortedError, when there are too many."""
        accepted, address = super().accept()
        connection = _Connection(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        connection.connections, connection.client = self.connections, (str(address[0]), int(address[1]))
        try:
            self.connections.add(connection)
        except ConnectionAbortedError:
            connection.close()
            raise
        return connection, address


def listen(host: str, port: int, connections: Connections) -> Listener:
    """A socket that listens on an address, or on every interface by IPv4 and IPv6 if `host` is empty.

    Raises: OSError.
    """
    everywhere = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104  # an empty host asks for it
    found = socket.getaddrinfo(host or everywhere, port, type=socket.SOCK_STREAM)
    # A name that has both, such as localhost, means its IPv4 address, as in Go and so in Prometheus.
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = Listener(family, socket.SOCK_STREAM)
    try:
        listener.connections = connections
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bool(host))
        # Connections inherit it. Head and body are sent separately; the body would wait 40 ms for the head's ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


class TimedResponses:
    """Tells the connections when a request has arrived and when its response was handed over.

    The protocol limits a head that arrives in parts, and this one that arrives at once.
    """

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        client = scope.get("client")
        if scope["type"] != "http" or client is None:
            await self._app(scope, receive, send)
            return
        self._connections.begin_response(client)
        app = self._app if _head_bytes(scope) <= LONGEST_HEAD else _TOO_LONG
        try:
            await app(scope, receive, send)
        finally:
            self._connections.end_response(client)


_TOO_LONG = PlainTextResponse("the head of the request is too long\n", 431, {"connection": "close"})


def _head_bytes(scope: Scope) -> int:
    return len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(k) + len(v) for k, v in scope["headers"])
