"""A peer on loopback that misbehaves: it hangs, drips, cuts, floods, answers garbage, or resets the connection."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Thread

STS_ANSWER = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:sts::123456789012:assumed-role/reader/x</Arn><UserId>x</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
_HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-requestid: r\r\nContent-Type: text/xml\r\n"


class Misbehaviour(StrEnum):
    """What a peer does instead of an answer."""

    SILENT = "says nothing"
    DRIPPING_HEAD = "drips its headers"
    DRIPPING_BODY = "drips its body"
    ENDLESS = "answers without end"
    CUT = "closes in the middle"
    GARBAGE = "answers garbage"
    CLOSED = "closes without an answer"
    RESET = "resets the connection"


@dataclass(slots=True)
class Peer:
    """A running peer. Requests to STS are answered well unless `everything` is to fail."""

    port: int
    does: Misbehaviour = Misbehaviour.SILENT
    everything: bool = False
    stopped: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """Its address, for a client of HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listening: socket.socket) -> None:
        """Answers each connection in a thread of its own."""
        with suppress(OSError):
            while True:
                Thread(target=self._answer, args=(listening.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = b""
            while chunk := connection.recv(1 << 20):
                request += chunk
                if not _is_whole(request):
                    continue
                if b"GetCallerIdentity" not in request or self.everything:
                    self._misbehave(connection)
                    return
                connection.sendall(b"%bContent-Length: %d\r\n\r\n%b" % (_HEAD, len(STS_ANSWER), STS_ANSWER))
                request = b""

    def _misbehave(self, connection: socket.socket) -> None:
        match self.does:
            case Misbehaviour.SILENT:
                self.stopped.wait()
            case Misbehaviour.DRIPPING_HEAD:
                self._drip(connection, b"H")
            case Misbehaviour.DRIPPING_BODY:
                connection.sendall(_HEAD + b"Content-Length: 1000000\r\n\r\n")
                self._drip(connection, b"x")
            case Misbehaviour.ENDLESS:
                connection.sendall(_HEAD + b"\r\n")
                self._drip(connection, b"x" * 100)
            case Misbehaviour.CUT:
                connection.sendall(_HEAD + b"Content-Length: 1000\r\n\r\n<half")
            case Misbehaviour.GARBAGE:
                connection.sendall(bytes(range(255, 127, -1)) * 4)
            case Misbehaviour.CLOSED:
                return
            case Misbehaviour.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _drip(self, connection: socket.socket, drop: bytes) -> None:
        while not self.stopped.wait(0.02):
            connection.sendall(drop)


def _is_whole(request: bytes) -> bool:
    """Whether the body of a POST has arrived; it can come in a packet of its own."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return not request.startswith(b"POST ") or (bool(end) and len(body) >= int(length[1] if length else 0))


@contextmanager
def misbehaving() -> Iterator[Peer]:
    """A peer that runs until the end of the context."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = Peer(listening.getsockname()[1])
        Thread(target=peer.serve, args=(listening,), daemon=True).start()
        try:
            yield peer
        finally:
            peer.stopped.set()
            listening.shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class Relay:
    """A relay to another port on loopback; from the moment `does` is set, no answer passes as it is."""

    port: int
    to: int
    does: Misbehaviour | None = None
    stopped: Event = field(default_factory=Event)

    def serve(self, listening: socket.socket) -> None:
        """Relays each connection in threads of its own."""
        with suppress(OSError):
            while True:
                client, server = listening.accept()[0], socket.create_connection(("127.0.0.1", self.to))
                Thread(target=self._forward, args=(client, server), daemon=True).start()
                Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), server:
            while request := client.recv(1 << 16):
                server.sendall(request)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError), client:
            while answer := server.recv(1 << 16):
                match self.does:
                    case None:
                        client.sendall(answer)
                    case Misbehaviour.GARBAGE:
                        client.sendall(bytes(byte ^ 0x55 for byte in answer))
                    case Misbehaviour.CUT:
                        client.sendall(answer[: len(answer) // 2])
                        return
                    case Misbehaviour.CLOSED:
                        return
                    case Misbehaviour.DRIPPING_BODY:
                        for byte in answer:
                            self.stopped.wait(0.05)
                            client.sendall(bytes([byte]))
                    case _:
                        self.stopped.wait()


@contextmanager
def relaying(to: int) -> Iterator[Relay]:
    """A relay that runs until the end of the context."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = Relay(listening.getsockname()[1], to)
        Thread(target=relay.serve, args=(listening,), daemon=True).start()
        try:
            yield relay
        finally:
            relay.stopped.set()
            listening.shutdown(socket.SHUT_RDWR)
