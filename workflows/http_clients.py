"""The clients of declared URLs that a live pass gives to its observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from basewatch.components import Api, Component, Endpoint
from basewatch.config import Config
from basewatch.http import HttpClient
from basewatch.secrets import Reference, Secret, parse_reference

_HTTPS = 443


def source_of(component: Component) -> str:
    """The source of what its URL answers: `endpoint:NAME`."""
    return f"endpoint:{component.name}"


class HttpClients:
    """Opens the client of a component's URL; the hosts beside it show whether our own network works.

    `environ` may name more certificate authorities in SSL_CERT_FILE, as OpenSSL does.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], secret: Callable[[Reference], Secret]) -> None:
        self._config = config
        self._environ = environ
        self._secret = secret

    def open(self, component: Endpoint | Api) -> HttpClient:
        """A client of the URL of `component`. Raises: ObservationError, when it has no usable one."""
        return HttpClient(
            self._url(component),
            source=source_of(component),
            secret=self._secret,
            ca_file=self._environ.get("SSL_CERT_FILE", ""),
            controls=tuple(self._controls(component)),
        )

    def _url(self, component: Endpoint | Api) -> str:
        isolation = component.tenant_isolation if isinstance(component, Api) else component
        url = isolation.url if isolation else ""
        return url if url.startswith("https:") else self._secret(parse_reference(url)).reveal()

    def _controls(self, component: Component) -> Iterator[tuple[str, int]]:
        """AWS first, then the other declared endpoints."""
        emulated = urlsplit(self._environ.get("AWS_ENDPOINT_URL", ""))
        if emulated.hostname:
            yield emulated.hostname, emulated.port or _HTTPS
        elif self._config.aws is not None:
            region = next(iter(self._config.aws.accounts.values())).regions[0]
            yield f"sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}", _HTTPS
        for other in self._config.components:
            if isinstance(other, Endpoint) and other.ref != component.ref and not other.secrets:
                url = urlsplit(other.url)
                yield url.hostname or "", url.port or _HTTPS
