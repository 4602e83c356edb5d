"""Ends the reads of boto3 by the limit of the thread: its own timeout is for each read, which a drip defeats."""

from __future__ import annotations

import io
import socket
from http.client import HTTPResponse
from typing import TYPE_CHECKING

from basewatch.time_limit import current_limit

if TYPE_CHECKING:
    from typing_extensions import Buffer


def limit_reads() -> None:
    """Makes every connection of botocore read by the limits of basewatch.time_limit, from now on."""
    from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection  # noqa: PLC0415  # takes 0.3 s to import

    # botocore has no setting for it; http.client makes its responses of this class.
    AWSHTTPConnection.response_class = _LimitedResponse
    AWSHTTPSConnection.response_class = _LimitedResponse


class _LimitedResponse(HTTPResponse):
    """A response whose status, headers and body are read by the limit of the thread that reads them."""

    def __init__(self, sock: socket.socket, *arguments: object, **named: object) -> None:
        super().__init__(sock, *arguments, **named)  # type: ignore[arg-type]  # handed on as http.client gives them
        self.fp = io.BufferedReader(_LimitedReader(sock, self.fp))


class _LimitedReader(io.RawIOBase):
    """The bytes of a socket; a read waits for the socket's own timeout, or for what is left of the limit."""

    def __init__(self, sock: socket.socket, stream: io.BufferedIOBase) -> None:
        self._socket = sock
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        """Reads once. Raises: TimeoutError, when the limit is over."""
        limit = current_limit()
        if limit is None:
            return self._stream.readinto1(buffer)
        usual = self._socket.gettimeout()
        remaining = limit.remaining_seconds
        if not remaining:
            raise TimeoutError("the time limit is over")
        self._socket.settimeout(remaining if usual is None else min(usual, remaining))
        try:
            return self._stream.readinto1(buffer)
        finally:
            self._socket.settimeout(usual)

    def close(self) -> None:
        """Closes the socket's stream."""
        self._stream.close()
        super().close()
