"""A network whose every wait ends by one moment, so that a server which drips cannot hold a look for ever."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from basewatch.time_limit import current_limit


class Deadline:
    """The moment by which an exchange has to be over; `start` sets it anew, within the limit of the look."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self.start()

    def start(self) -> None:
        """The exchange begins now."""
        limit = current_limit()
        self._ends = time.monotonic() + min(self._seconds, limit.remaining_seconds if limit else self._seconds)

    @property
    def remaining_seconds(self) -> float:
        """The seconds that are left. Raises: TimeoutError, when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class TimedBackend(httpcore.NetworkBackend):
    """Connects and waits within a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection. Raises: TimeoutError; what httpcore raises."""
        del timeout
        stream = self._network.connect_tcp(host, port, self._deadline.remaining_seconds, local_address, socket_options)
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, self._deadline.remaining_seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, self._deadline.remaining_seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining_seconds)
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
