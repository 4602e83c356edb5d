"""A small local HTTP server for webhooks; it can also fail or hang on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One request; header names are in lower case."""

    path: str
    content_type: str
    body: bytes
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResponse:
    """The response to a request."""

    status: int
    body: str
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class WebhookServer:
    """A context manager that serves requests by `handle`."""

    def __init__(self, handle: Callable[[WebhookRequest], WebhookResponse]) -> None:
        self._handle = handle
        self._lock = Lock()
        self._answering = Event()
        self._answering.set()
        self._failures: list[WebhookResponse] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The URL of the server, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.recover()
        self._server.shutdown()
        self._server.server_close()

    def fail_next(self, status: int, *, retry_after: int | None = None, times: int = 1_000_000) -> None:
        """Answer the next requests with this status, without handling them."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        failure = WebhookResponse(
            status=status, body=HTTPStatus(status).phrase.lower().replace(" ", "_"), headers=headers
        )
        self._failures = [failure] * times

    def hang(self) -> None:
        """Accept connections without a response, until `recover`."""
        self._answering.clear()

    def recover(self) -> None:
        """Answer normally again, and close the connections that hang."""
        self._failures = []
        self._answering.set()

    def respond(self, request: WebhookRequest) -> WebhookResponse | None:
        """The response to one request, or None to close the connection; requests are handled one at a time."""
        if not self._answering.is_set():
            self._answering.wait()
            return None
        with self._lock:
            return self._failures.pop() if self._failures else self._handle(request)


def _handler(server: WebhookServer) -> type[BaseHTTPRequestHandler]:
    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server requires
            length = int(self.headers.get("Content-Length") or 0)
            request = WebhookRequest(
                path=self.path,
                content_type=self.headers.get_content_type(),
                body=self.rfile.read(length),
                method=self.command,
                headers={name.lower(): value for name, value in self.headers.items()},
            )
            response = server.respond(request)
            if response is None:
                self.close_connection = True
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            body = response.body.encode()
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_POST  # noqa: N815  # see above

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Log nothing: the receivers keep every request."""

    return Endpoint
