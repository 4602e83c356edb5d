"""A scrape: bytes that are ready are sent in the format and the encoding that the scraper accepts."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from exposition.page import ExpositionFormat, MetricsPage

_TEXT = "text/plain"
_OPENMETRICS = "application/openmetrics-text"


def negotiated_format(accept: str) -> ExpositionFormat:
    """OpenMetrics for whoever names version 1.0.0 of it, or no version, and likes it no less than text; else text.

    Whoever accepts anything, or nothing that there is, gets text too: every scraper reads it, and so do people.
    """
    openmetrics = text = 0.0
    how_exactly = -1
    for media, parameters, quality in _ranges(accept):
        if media == _OPENMETRICS and parameters.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, quality)
        elif media in _WILDER and parameters.get("version", "0.0.4") == "0.0.4":
            exactness = _WILDER.index(media)
            if exactness >= how_exactly:
                how_exactly, text = exactness, quality
    return ExpositionFormat.OPENMETRICS if openmetrics and openmetrics >= text else ExpositionFormat.TEXT


# The most exact range that matches says how much text is liked.
_WILDER = ("*/*", "text/*", _TEXT)


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether gzip is accepted, and liked no less than no encoding at all."""
    qualities = {coding: quality for coding, _, quality in _ranges(accept_encoding)}
    anything = qualities.get("*", 0.0)
    gzip = qualities.get("gzip", qualities.get("x-gzip", anything))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each member of the header, in lower case, with its parameters and its quality; one without sense is left out."""
    for member in header.lower().split(","):
        name, *rest = (part.strip() for part in member.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (part.partition("=") for part in rest)}
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, parameters, quality


_AT_ONCE = 1 << 14
"""How many compressed bytes are sent as text in one go: they are some 0.3 MB."""


class MetricsEndpoint:
    """An ASGI application that sends the page there is when the request comes, whatever replaces it meanwhile."""

    def __init__(self, page: Callable[[], MetricsPage]) -> None:
        self._page = page

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one GET or HEAD."""
        asked = Headers(scope=scope)
        liked = negotiated_format(",".join(asked.getlist("accept")))
        body = self._page()[liked]
        compressed = gzip_accepted(",".join(asked.getlist("accept-encoding")))
        headers = {
            "content-type": liked.value,
            "content-length": str(len(body.compressed) if compressed else body.uncompressed_length),
            "vary": "Accept, Accept-Encoding",
        }
        if compressed:
            headers["content-encoding"] = "gzip"
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if scope["method"] == "GET" and not compressed:
            for chunk in _plain(body.compressed):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        last = body.compressed if scope["method"] == "GET" and compressed else b""
        await send({"type": "http.response.body", "body": last})


def _plain(compressed: bytes) -> Iterator[bytes]:
    """The page as text, for the few who take no gzip: kept, it would be most of the exporter's memory."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for start in range(0, len(compressed), _AT_ONCE):
        yield inflate.decompress(compressed[start : start + _AT_ONCE])
