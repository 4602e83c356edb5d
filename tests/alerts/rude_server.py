"""A server whose first answer is any bytes at all; later it answers as the channel documents."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Any, Self

HANG, RESET = b"\x00hang", b"\x00reset"
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass
class RudeServer:
    """A context manager that answers with `first`, and then as Slack or PagerDuty accepts; `bodies` arrived, in order.

    HANG is no answer at all, and RESET ends the connection with a reset.
    """

    first: bytes
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """The URL of the server, with a path that is secret."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/services/hunter2"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _request(connection)
            if not request.startswith(b"POST"):
                connection.sendall(answer(200, "<html>please log in</html>"))
                return
            self.bodies.append(json.loads(request.partition(b"\r\n\r\n")[2]))
            said = self.first if len(self.bodies) == 1 else _accepted(self.bodies[-1])
            if said == HANG:
                self._ended.wait()
            elif said == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            else:
                connection.sendall(said)


def answer(status: int, body: str | bytes = "", *headers: str, length: int | None = None) -> bytes:
    """A response; `length` is what it claims."""
    content = body.encode() if isinstance(body, str) else body
    lines = (
        f"HTTP/1.1 {status} Something",
        f"Content-Length: {len(content) if length is None else length}",
        "Connection: close",
    )
    return "\r\n".join((*lines, *headers, "", "")).encode("latin-1") + content


def _accepted(body: dict[str, Any]) -> bytes:
    if "event_action" in body:
        return answer(202, json.dumps({"status": "success", "dedup_key": body["dedup_key"]}))
    return answer(200, "ok")


def _request(connection: socket.socket) -> bytes:
    received = _more(connection, b"")
    while b"\r\n\r\n" not in received:
        received = _more(connection, received)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < int(lengths[0] if lengths else 0):
        body = _more(connection, body)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket, received: bytes) -> bytes:
    more = connection.recv(65536)
    if not more:
        raise ConnectionAbortedError
    return received + more
