"""A small HTTP server on this machine that takes what is posted to it, and can be told to misbehave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One POST as it came."""

    path: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResponse:
    """What is answered to a POST."""

    status: int
    body: str
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class WebhookServer:
    """A server that gives every POST to `handle`; it listens while it is entered as a context."""

    def __init__(self, handle: Callable[[WebhookRequest], WebhookResponse]) -> None:
        self._take = handle
        self._lock = Lock()
        self._released = Event()
        self._released.set()
        self._refusals: list[WebhookResponse] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.recover()
        self._server.shutdown()
        self._server.server_close()

    def fail_next(self, status: int, *, retry_after: int | None = None, times: int = 1_000_000) -> None:
        """Answers the next POSTs with this status and takes nothing of them."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        refusal = WebhookResponse(
            status=status, body=HTTPStatus(status).phrase.lower().replace(" ", "_"), headers=headers
        )
        self._refusals = [refusal] * times

    def hang(self) -> None:
        """Accepts connections and answers nothing, until `recover`."""
        self._released.clear()

    def recover(self) -> None:
        """Behaves again, and lets go of those left waiting without an answer."""
        self._refusals = []
        self._released.set()

    def respond(self, posted: WebhookRequest) -> WebhookResponse | None:
        """The reply to one POST, None to hang up without one; one POST at a time, as they came."""
        if not self._released.is_set():
            self._released.wait()
            return None
        with self._lock:
            return self._refusals.pop() if self._refusals else self._take(posted)


def _handler(receiver: WebhookServer) -> type[BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name http.server looks for
            length = int(self.headers.get("Content-Length") or 0)
            content_type = self.headers.get_content_type()
            posted = WebhookRequest(path=self.path, content_type=content_type, body=self.rfile.read(length))
            reply = receiver.respond(posted)
            if reply is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            body = reply.body.encode()
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Says nothing: what arrived is kept, not logged."""

    return Conversation
