"""A client of one declared URL: it can ask nothing else, and follows no redirect."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from basewatch import __version__
from basewatch.errors import ObservationError
from basewatch.http.answers import HttpAnswer, NoAnswer, Unanswered
from basewatch.http.deadlines import Deadline, TimedBackend
from basewatch.http.failures import unanswered
from basewatch.http.handshakes import Handshake, shake_hands
from basewatch.http.reachability import any_reachable
from basewatch.http.trust import context_of, lenient_context, strict_context
from basewatch.model import Reason
from basewatch.secrets import Reference, Secret

_SECONDS = 10.0
MAX_BODY_BYTES = 1 << 20
_TRIES = 2
_PORTS = {"https": 443, "http": 80}
# Printable ASCII: neither a space nor a line break, which would begin another header.
_TARGET = re.compile(r"[!-~]*")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HttpClient:
    """Requests to the URL of one component, for one observation; `requests` records each without its query.

    `source` is such as `endpoint:NAME`, and `secret` resolves the references of the component. `ca_file` has more
    authorities than the public ones. `controls` are hosts and ports of which one answers while our own network works.
    """

    def __init__(
        self,
        url: str,
        *,
        source: str,
        secret: Callable[[Reference], Secret],
        ca_file: str = "",
        controls: tuple[tuple[str, int], ...] = (),
        seconds: float = _SECONDS,
    ) -> None:
        """Raises: ObservationError, when the URL is not one of https."""
        self.url = _split(url)
        self.secret = secret
        self.host = self.url.hostname or ""
        self.port = self.url.port or _PORTS["https"]
        self.source = source
        self.principal = "anonymous"
        self.requests: tuple[str, ...] = ()
        self.action = ""
        self._ca_file = ca_file
        self._controls = controls
        self._deadline = Deadline(seconds)
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def close(self) -> None:
        """Closes every connection."""
        for pool in self._pools.values():
            pool.close()

    def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        verify: bool = True,
        plain: bool = False,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> HttpAnswer | Unanswered:
        """The answer to one request for a path and query on the declared host.

        Without `verify` any certificate is believed, so that what is behind a broken one can be seen; then no secret
        may be sent. `plain` speaks HTTP without TLS to port 80, or to the port that the URL names.
        Raises: ObservationError, when the target would leave the host.
        """
        if not target.startswith("/") or not _TARGET.fullmatch(target):
            raise ObservationError(
                Reason.UNSUPPORTED, "the path of a request leaves the declared URL", remedy="begin each path with /"
            )
        shown = f"{method} {'http' if plain else 'https'}://{self.host}{target.partition('?')[0]}"
        self.requests, self.action = (*self.requests, shown), shown
        port = (self.url.port or _PORTS["http"]) if plain else self.port
        url = httpcore.URL(scheme="http" if plain else "https", host=self.host, port=port, target=target)
        fields = {
            "Host": self.url.netloc,
            "User-Agent": f"basewatch/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **({} if body is None else {"Content-Length": str(len(body))}),
            **(headers or {}),
        }
        self._deadline.start()
        try:
            return self._exchange(method, url, fields, body, max_bytes, verify=verify)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return unanswered(error)

    def ask_again(self, method: str, target: str, **settings: Any) -> HttpAnswer | Unanswered:
        """The answer to a request that is repeated once when the first got none."""
        answer = self.ask(method, target, **settings)
        tries = 1
        while isinstance(answer, Unanswered) and answer.where is not NoAnswer.TLS and tries < _TRIES:
            answer, tries = self.ask(method, target, **settings), tries + 1
        return answer

    def needed(self, answer: HttpAnswer | Unanswered) -> HttpAnswer:
        """The answer. Raises: ObservationError, where there is none."""
        if isinstance(answer, HttpAnswer):
            return answer
        raise ObservationError(
            Reason.TIMEOUT if answer.where is NoAnswer.LATE else Reason.UNREACHABLE,
            f"{self.host} gave no answer: {answer.detail}",
            remedy="Repair what the check of the endpoint's status reports, or the network of Basewatch.",
        )

    def handshake(self, version: str = "", *, verify: bool = False) -> Handshake:
        """One handshake: with all versions of TLS, or with one alone; nothing is sent in it."""
        self.action = f"TLS {version or 'handshake'}"
        self.requests = (*self.requests, f"{self.action} {self.host}:{self.port}")
        strict = self._strict() if verify else lenient_context()
        self._deadline.start()
        return shake_hands(
            self.host, self.port, context_of(version) if version else strict, self._deadline.remaining_seconds
        )

    def network_works(self) -> bool:
        """Whether another host can be reached, so that a silent one is at fault itself."""
        return self.host in _LOOPBACK or any_reachable(self._controls)

    def _exchange(
        self,
        method: str,
        url: httpcore.URL,
        fields: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        *,
        verify: bool,
    ) -> HttpAnswer:
        began = time.monotonic()
        pool = self._pool(verify=verify)
        with pool.stream(method, url, headers=list(fields.items()), content=body) as response:
            seconds = time.monotonic() - began
            content, whole = _bounded(response.iter_stream(), max_bytes)
            headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers
            )
            return HttpAnswer(status=response.status, headers=headers, body=content, whole=whole, seconds=seconds)

    def _pool(self, *, verify: bool) -> httpcore.ConnectionPool:
        name = "strict" if verify else "lenient"
        if name not in self._pools:
            self._pools[name] = httpcore.ConnectionPool(
                ssl_context=self._strict() if verify else lenient_context(),
                network_backend=TimedBackend(self._deadline),
                max_connections=1,
                retries=0,
            )
        return self._pools[name]

    def _strict(self) -> ssl.SSLContext:
        return strict_context(self._ca_file)


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        split.port  # noqa: B018  # raises ValueError for a port that is none
    except ValueError:
        split = SplitResult("", "", "", "", "")
    if split.scheme != "https" or not split.hostname or split.username or not _TARGET.fullmatch(url):
        raise ObservationError(
            Reason.UNSUPPORTED,
            "the declared URL is not one of https without a user",
            remedy="Declare it as https://HOST/PATH, or store it so under its reference.",
        )
    return split


def _bounded(chunks: Iterator[bytes], limit: int) -> tuple[bytes, bool]:
    """The first `limit` bytes, and whether they are all."""
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > limit:
            return bytes(found[:limit]), False
    return bytes(found), True
