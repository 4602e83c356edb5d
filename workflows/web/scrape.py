"""A scrape: bytes that are ready are sent in the format and the encoding that the scraper accepts."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from reports.exposition import Page
from workflows.web.negotiation import dialect, gzip_accepted


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
        chunks = (body.compressed,) if compressed else body.chunks
        headers = {
            "content-type": liked.value,
            "content-length": str(len(body.compressed) if compressed else body.length),
            "vary": "Accept, Accept-Encoding",
        }
        if compressed:
            headers["content-encoding"] = "gzip"
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        *before, last = chunks if scope["method"] == "GET" else (b"",)
        for chunk in before:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": last})
