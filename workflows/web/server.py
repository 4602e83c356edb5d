"""The web server: the pages behind authentication, TLS and limits."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

from workflows.web.authentication import Authentication
from workflows.web.connections import LONGEST_HEAD, Connections, TimedResponses
from workflows.web.security import ConfiguredHeaders, WebSecurity
from workflows.web.tls import renewed_context


def web_server(pages: ASGIApp, connections: Connections, security: WebSecurity) -> uvicorn.Server:
    """A server for a `Listener`."""
    guarded = ConfiguredHeaders(Authentication(pages, security.credentials), security.headers)
    config = uvicorn.Config(
        TimedResponses(guarded, connections),
        http="h11",  # httptools would read a head of any length
        loop="asyncio",  # uvloop would accept connections by itself
        ws="none",
        lifespan="on",
        h11_max_incomplete_event_size=LONGEST_HEAD,
        proxy_headers=False,  # X-Forwarded-For would rename the client of a connection
        server_header=False,
        access_log=False,
        log_level="error",  # a request that is not HTTP is no matter of ours
        timeout_graceful_shutdown=5,
    )
    config.load()
    if security.tls:
        config.ssl = renewed_context(security.context)
    return uvicorn.Server(config)
