"""Runs the fake: `python -m benchmarks.cloudwatch.fake PORT [name=value ...]`, HTTP/1.1 with keep-alive on loopback."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from benchmarks.cloudwatch.fake_cloudwatch import FakeCloudWatch, HttpRequest, HttpResponse
from benchmarks.cloudwatch.fake_settings import from_arguments

_REASONS = {200: b"OK", 400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found", 500: b"Internal Server Error"}


@dataclass(slots=True)
class _Parsing:
    """A request whose content is still coming."""

    method: str = ""
    path: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    length: int = -1


class Connection(asyncio.Protocol):
    """One connection, one request at a time; the answer comes after the latency, whatever its making took."""

    def __init__(self, service: FakeCloudWatch) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._parsing = _Parsing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers where to answer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # asyncio makes TCP connections so
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collects the request, and answers when it is whole."""
        self._received += data
        while self._parsing.length >= 0 or b"\r\n\r\n" in self._received:
            if self._parsing.length < 0:
                self._read_head()
            if len(self._received) < self._parsing.length:
                return
            self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets where to answer."""
        self._transport = None

    def _read_head(self) -> None:
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = first.decode().split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers.get(b"content-length", b"0"))
        self._parsing = _Parsing(method, path, headers, length)
        self._received = bytearray(rest)

    def _answer(self) -> None:
        parsing, received = self._parsing, self._loop.time()
        content = bytes(self._received[: parsing.length])
        del self._received[: parsing.length]
        self._parsing = _Parsing()
        path, _, asked = parsing.path.partition("?")
        request = HttpRequest(
            method=parsing.method,
            path=path,
            headers=parsing.headers,
            content=content,
            parameters=dict(parse_qsl(asked)),
        )
        counts, counted = self._service.counts, not parsing.path.startswith("/__")
        if counted:
            counts.request_started(time.time())
        response = self._service.handle(request)
        if response.is_metric_data:
            counts.metric_data_started(time.time())
        due = received + (self._service.knobs.latency_ms / 1000 if response.delayed else 0)
        if not response.never_sent:
            self._loop.call_at(due, self._send, response, counted)

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
    service = FakeCloudWatch(from_arguments(arguments))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    # What is kept is kept for good: looking through it again and again would cost more than anything else here.
    gc.freeze()
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
