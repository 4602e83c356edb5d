"""What a server answered to one request, or why there is no answer."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from enum import StrEnum

_INFLATED = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""The window bits by which zlib reads each encoding; 47 detects the header."""


class NoAnswer(StrEnum):
    """Where a request ended that got no answer.

    NAME: the host's name has no address. CONNECT: no connection, and nobody refused one. REFUSED: the host refused the
    connection. TLS: the handshake failed. CUT: the connection ended before the answer did. LATE: no whole answer in
    time. MALFORMED: the answer is no HTTP.
    """

    NAME = "name"
    CONNECT = "connect"
    REFUSED = "refused"
    TLS = "tls"
    CUT = "cut"
    LATE = "late"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A request without an answer: where it ended, and in which words."""

    where: NoAnswer
    detail: str

    @property
    def may_be_ours(self) -> bool:
        """Whether a network of ours that is down looks the same."""
        return self.where in (NoAnswer.NAME, NoAnswer.CONNECT, NoAnswer.LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One answer; names of headers are in lower case, and `seconds` pass from the request to the last header.

    `body` is at most as long as was asked for; `whole` says whether that was all of it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    whole: bool
    seconds: float

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of this name, in order."""
        return tuple(value for key, value in self.headers if key == name)

    def first(self, name: str) -> str:
        """The value of the first header of this name; empty without one."""
        return next(iter(self.all(name)), "")

    def inflated(self, limit: int) -> bytes | None:
        """The body without its content encoding, at most `limit` bytes; None when it cannot be undone."""
        content = self.body
        named = [part.strip().lower() for value in self.all("content-encoding") for part in value.split(",")]
        for encoding in reversed([name for name in named if name not in ("", "identity")]):
            bits = _INFLATED.get(encoding)
            inflated = None if bits is None else inflate(content, bits, limit)
            if inflated is None:
                return None
            content = inflated
        return content


def inflate(content: bytes, bits: int, limit: int) -> bytes | None:
    """What zlib makes of the content, at most `limit` bytes; None when it is not compressed so, or is longer."""
    stream = zlib.decompressobj(bits)
    try:
        found = stream.decompress(content, limit)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail else found
