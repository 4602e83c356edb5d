"""Whether an answer contains words of a tenant, also encoded."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import unquote_to_bytes

from basewatch.http import HttpAnswer
from basewatch.http.answers import inflate

LIMIT_BYTES = 8 << 20
_DEPTH = 3
_GZIP = b"\x1f\x8b"
_GZIP_BITS = 31
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_ESCAPE = re.compile(rb"\\u00([0-9a-fA-F]{2})")
_RUNS = 20_000


def contains(answer: HttpAnswer, marks: Iterable[str]) -> bool | None:
    """Whether one of the marks is in the body or a header; None when the body cannot be read, and no header has one."""
    wanted = tuple(mark.lower().encode() for mark in marks)
    headers = "\n".join(value for _, value in answer.headers).encode("latin-1")
    body = answer.inflated(LIMIT_BYTES)
    if any(_found(text, wanted, _DEPTH) for text in (headers, answer.body, body or b"")):
        return True
    return None if body is None or not answer.whole else False


def _found(text: bytes, wanted: tuple[bytes, ...], depth: int) -> bool:
    for variant in _variants(text):
        lower = variant.lower()
        if any(mark in lower for mark in wanted):
            return True
    return depth > 0 and any(_found(inner, wanted, depth - 1) for inner in _decoded(text))


def _variants(text: bytes) -> Iterator[bytes]:
    """The text as it is, and without the escapes of URLs, JSON and HTML, and of two bytes a character."""
    yield text
    if b"%" in text:
        yield unquote_to_bytes(text)
    if b"\\" in text:
        yield _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text).replace(b"\\/", b"/")
    if b"&" in text:
        yield unescape(text.decode("latin-1")).encode("utf-8", "replace")
    if b"\0" in text:
        yield text.replace(b"\0", b"")


def _decoded(text: bytes) -> Iterator[bytes]:
    if text.startswith(_GZIP):
        yield inflate(text, _GZIP_BITS, LIMIT_BYTES) or b""
    for number, run in enumerate(_BASE64.finditer(text)):
        if number > _RUNS:
            break
        # A path before it belongs to the run as well, so it may begin at any of four places.
        standard = run[0].replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            part = standard[start:]
            try:
                yield base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + b"=" * (-len(part) % 4))
            except binascii.Error:
                continue
    for run in _HEX.finditer(text):
        yield bytes.fromhex(run[0].decode())
