"""A scrape: bytes that are ready are sent in the format and the encoding that the scraper accepts."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from reports.exposition import Page
from workflows.web.negotiation import dialect, gzip_accepted

_AT_ONCE = 1 << 14
"""How many compressed bytes are sent as text in one go: they are some 0.3 MB."""


class Scrape:
    """An ASGI application that sends the page there is when the request comes, whatever replaces it meanwhile."""

    def __init__(self, page: Callable[[], Page]) -> None:
        self._page = page

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one GET or HEAD."""
        asked = Headers(scope=scope)
        liked = dialect(",".join(asked.getlist("accept")))
        body = self._page()[liked]
        compressed = gzip_accepted(",".join(asked.getlist("accept-encoding")))
        headers = {
            "content-type": liked.value,
            "content-length": str(len(body.compressed) if compressed else body.length),
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
