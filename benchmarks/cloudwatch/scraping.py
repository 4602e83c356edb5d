"""Scrapes like Prometheus, over a persistent connection, and times each scrape."""

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
    """One scrape: its start (Unix seconds), its duration in seconds, and the size of its body."""

    started_at: float
    seconds: float
    size: int


@dataclass(slots=True)
class ScrapeLoop:
    """Scrapes with gzip in a loop, `pause` seconds apart, until its `with` block ends."""

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

    def within(self, windows: Sequence[tuple[float, float]]) -> list[float]:
        """The durations of the scrapes that overlap any of these windows."""
        return [
            scrape.seconds
            for scrape in self.scrapes
            if any(scrape.started_at < end and scrape.started_at + scrape.seconds > begin for begin, end in windows)
        ]

    def outside(self, windows: Sequence[tuple[float, float]]) -> list[float]:
        """The durations of all other scrapes."""
        return [
            scrape.seconds
            for scrape in self.scrapes
            if not any(scrape.started_at < end and scrape.started_at + scrape.seconds > begin for begin, end in windows)
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
    """One scrape over the connection. Raises: OSError, when the connection ends early."""
    started_at, begin = time.time(), time.perf_counter()
    connection.sendall(
        b"GET /metrics HTTP/1.1\r\nHost: benchmark\r\nAccept: text/plain;version=0.0.4\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    received = b""
    while _HEAD not in received:
        received += _receive(connection)
    head, _, body = received.partition(_HEAD)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    size = left = int(fields[b"content-length"])
    left -= len(body)
    while left > 0:
        left -= len(_receive(connection))
    return Scrape(started_at=started_at, seconds=time.perf_counter() - begin, size=size)


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(_CHUNK)
    if not chunk:
        raise ConnectionError("the connection ended before the response did")
    return chunk


def percentile(seconds: Sequence[float], rank: int) -> float:
    """The percentile of these durations; NaN when there are too few."""
    return quantiles(seconds, n=100, method="inclusive")[rank - 1] if len(seconds) > 1 else float("nan")
