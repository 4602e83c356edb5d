"""Scrapes as Prometheus does, over a connection that stays, and takes the time of each."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from threading import Event, Thread
from types import TracebackType
from typing import Self

_HEAD = b"\r\n\r\n"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One scrape: when it began (seconds since the epoch), how long until its last byte, and its body's size."""

    started_at: float
    seconds: float
    size: int


@dataclass(slots=True)
class Scraper:
    """Scrapes with gzip until its block is left, then pauses for `pause` seconds, and again."""

    port: int
    pause: float = 0.02
    scrapes: list[Scrape] = field(default_factory=list[Scrape])
    failures: int = 0
    _stopped: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def within(self, spans: Sequence[tuple[float, float]]) -> list[float]:
        """How long the scrapes took that were under way within any of these spans."""
        return [
            scrape.seconds
            for scrape in self.scrapes
            if any(scrape.started_at < end and scrape.started_at + scrape.seconds > begin for begin, end in spans)
        ]

    def outside(self, spans: Sequence[tuple[float, float]]) -> list[float]:
        """How long all others took."""
        return [
            scrape.seconds
            for scrape in self.scrapes
            if not any(scrape.started_at < end and scrape.started_at + scrape.seconds > begin for begin, end in spans)
        ]

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while not self._stopped.is_set():
                        self.scrapes.append(scrape(connection))
                        self._stopped.wait(self.pause)
            except OSError:
                self.failures += 1
                self._stopped.wait(0.2)


def scrape(connection: socket.socket) -> Scrape:
    """One scrape over the connection. Raises: OSError, when it ends before the answer does."""
    began, clock = time.time(), time.perf_counter()
    connection.sendall(
        b"GET /metrics HTTP/1.1\r\nHost: benchmark\r\nAccept: text/plain;version=0.0.4\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    received = b""
    while _HEAD not in received:
        received += _more(connection)
    head, _, body = received.partition(_HEAD)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    size = left = int(fields[b"content-length"])
    left -= len(body)
    while left > 0:
        left -= len(_more(connection))
    return Scrape(started_at=began, seconds=time.perf_counter() - clock, size=size)


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(_CHUNK)
    if not chunk:
        raise ConnectionError("the connection ended before the answer did")
    return chunk


def percentile(seconds: Sequence[float], rank: int) -> float:
    """The percentile of these times; NaN when there are too few."""
    return quantiles(seconds, n=100, method="inclusive")[rank - 1] if len(seconds) > 1 else float("nan")
