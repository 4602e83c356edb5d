"""Runs the fake: `python -m benchmarks.cloudwatch.fake PORT [name=value ...]`, HTTP/1.1 with keep-alive on loopback."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from benchmarks.cloudwatch.fake_cloudwatch import FakeAws, HttpRequest, HttpResponse
from benchmarks.cloudwatch.fake_settings import from_arguments

_REASONS = {200: b"OK", 400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found", 500: b"Internal Server Error"}


@dataclass(slots=True)
class _PendingRequest:
    """A request whose content has not fully arrived."""

    method: str = ""
    path: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    length: int = -1


class Connection(asyncio.Protocol):
    """One connection, one request at a time; a response is sent after the latency, however long it took to build."""

    def __init__(self, service: FakeAws) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._pending = _PendingRequest()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # asyncio makes TCP connections so
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collects the request, and answers when it is complete."""
        self._received += data
        while self._pending.length >= 0 or b"\r\n\r\n" in self._received:
            if self._pending.length < 0:
                self._read_head()
            if len(self._received) < self._pending.length:
                return
            self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drops the transport."""
        self._transport = None

    def _read_head(self) -> None:
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = first.decode().split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers.get(b"content-length", b"0"))
        self._pending = _PendingRequest(method, path, headers, length)
        self._received = bytearray(rest)

    def _answer(self) -> None:
        pending, received = self._pending, self._loop.time()
        content = bytes(self._received[: pending.length])
        del self._received[: pending.length]
        self._pending = _PendingRequest()
        path, _, query = pending.path.partition("?")
        request = HttpRequest(
            method=pending.method,
            path=path,
            headers=pending.headers,
            content=content,
            parameters=dict(parse_qsl(query)),
        )
        counts, counted = self._service.counts, not pending.path.startswith("/__")
        if counted:
            counts.request_started(time.time())
        response = self._service.handle(request)
        if response.is_metric_data:
            counts.metric_data_started(time.time())
        send_at = received + (self._service.settings.latency_ms / 1000 if response.delayed else 0)
        if not response.never_sent:
            self._loop.call_at(send_at, self._send, response, counted)

    def _send(self, response: HttpResponse, counted: bool) -> None:  # noqa: FBT001  # call_at passes no names
        if counted:
            self._service.counts.request_finished(time.time(), metrics=response.is_metric_data)
        if self._transport is None:
            return
        self._transport.write(
            b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nx-amzn-RequestId: fake\r\n%s\r\n%s"
            % (
                response.status,
                _REASONS.get(response.status, b"Error"),
                response.content_type,
                len(response.content),
                response.headers,
                response.content,
            )
        )


async def _serve(port: int, arguments: list[str]) -> None:
    service = FakeAws(from_arguments(arguments))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Kept objects are never freed: garbage collection would cost more than everything else here.
    gc.freeze()
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
