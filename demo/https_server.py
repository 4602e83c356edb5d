"""A small HTTPS server on loopback, whose certificate and versions of TLS can be changed while it runs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

HOST = "127.0.0.1"
_HANDSHAKE = 22
_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """One request; header names are in lower case, and `secure` says whether it came by TLS."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    secure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """The answer to a request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def server_context(certificate: Path, *, lowest: str = "1.2", highest: str = "1.3") -> ssl.SSLContext:
    """What a server needs for TLS: the file with its key and certificates, and its versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = _version(lowest), _version(highest)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate)
    return context


def _version(text: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[f"TLSv{text.replace('.', '_')}".removesuffix("_0")]


class HttpsServer:
    """A context manager that answers by `answer` with TLS as in `context`, and at the same port without TLS too."""

    def __init__(self, answer: Callable[[WebRequest], WebAnswer], context: ssl.SSLContext) -> None:
        self.answer = answer
        self.context = context
        self._server = _Server((HOST, 0), _connection(self))

    @property
    def url(self) -> str:
        """The URL of the server, without a path."""
        return f"https://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is nothing to print."""


def _connection(server: HttpsServer) -> type[BaseHTTPRequestHandler]:
    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = _SECONDS
        wbufsize = -1

        def setup(self) -> None:
            raw: socket.socket = self.request
            raw.settimeout(_SECONDS)
            # A connection that begins with a handshake is one of TLS.
            self.secure = raw.recv(1, socket.MSG_PEEK)[:1] == bytes([_HANDSHAKE])
            if self.secure:
                self.request = server.context.wrap_socket(raw, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            with suppress(OSError):
                self.request.close()

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = WebRequest(
                method=self.command,
                target=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                secure=self.secure,
            )
            answer = server.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_OPTIONS = respond  # noqa: N815  # the names that http.server requires

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Log nothing."""

    return Connection
