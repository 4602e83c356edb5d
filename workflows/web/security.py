"""The web configuration in force: TLS, users and headers, read again when one of its files changes."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from basewatch.config.web import WebConfigFile, load_web_config_file
from basewatch.errors import BasewatchError
from basewatch.secrets import Secret
from workflows.web.authentication import Credentials
from workflows.web.tls import server_context

_LOOK_SECONDS = 1.0
"""How often, at most, the files are looked at."""
_FileState = tuple[str, int, int, int]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    credentials: Credentials
    context: ssl.SSLContext | None
    headers: Mapping[str, str]
    files: tuple[Path, ...]
    requires_certificate: bool


class WebSecurity:
    """What protects the pages now. A change that cannot be used is logged, and the state before it stays in force."""

    def __init__(self, file: Path | None, token: Secret | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads every file. Raises: BasewatchError, when one cannot be used."""
        self._file, self._token, self._clock = file, token, clock
        self._loaded = self._load()
        self._states = self._file_states()
        self._looked_at = clock()

    @property
    def protected(self) -> bool:
        """Whether a client must say who it is, by a password, a token or a certificate."""
        return self._loaded.credentials.required or self._loaded.requires_certificate

    @property
    def tls(self) -> bool:
        """Whether the server speaks TLS. A running server does not change that."""
        return self._loaded.context is not None

    def use_token(self, token: Secret | None) -> None:
        """Accepts this token, and no other, from now on."""
        self._token = token
        self._loaded = replace(self._loaded, credentials=replace(self._loaded.credentials, token=token))

    def credentials(self) -> Credentials:
        """The users and the token in force."""
        return self._current().credentials

    def headers(self) -> Mapping[str, str]:
        """The headers that every response has."""
        return self._current().headers

    def context(self) -> ssl.SSLContext:
        """The certificate and the rules of TLS in force."""
        context = self._current().context
        if context is None:
            raise BasewatchError("TLS is not configured")
        return context

    def _current(self) -> _Loaded:
        if self._file is not None and self._clock() - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = self._clock()
            states = self._file_states()
            if states != self._states:
                self._states = states
                self._load_again()
        return self._loaded

    def _load_again(self) -> None:
        try:
            loaded = self._load()
        except BasewatchError as error:
            self._keep(str(error))
            return
        if (loaded.context is None) != (self._loaded.context is None):
            self._keep("TLS is only switched on or off by a restart")
            return
        self._loaded, self._states = loaded, self._file_states()
        logger.warning("the web configuration has changed and is in use")

    def _keep(self, problem: str) -> None:
        logger.error("the web configuration cannot be used, the earlier one stays in use: %s", problem)

    def _load(self) -> _Loaded:
        config = WebConfigFile() if self._file is None else load_web_config_file(self._file)
        folder = Path() if self._file is None else self._file.parent
        tls = config.tls_server_config
        named = (tls.cert_file, tls.key_file, tls.client_ca_file) if tls else ()
        return _Loaded(
            credentials=Credentials(users=config.basic_auth_users, token=self._token),
            context=server_context(tls, folder) if tls else None,
            headers={str(name): value for name, value in config.http_server_config.headers.items()},
            files=tuple(folder / name for name in named if name),
            requires_certificate=tls is not None and tls.client_auth_type == "RequireAndVerifyClientCert",
        )

    def _file_states(self) -> tuple[_FileState, ...]:
        return tuple(_state(file) for file in (self._file, *self._loaded.files) if file)


def _state(file: Path) -> _FileState:
    try:
        found = file.stat()
    except OSError:
        return str(file), 0, 0, 0
    return str(file), found.st_mtime_ns, found.st_size, found.st_ino


class ConfiguredHeaders:
    """Adds the configured headers to every response."""

    def __init__(self, app: ASGIApp, headers: Callable[[], Mapping[str, str]]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers())
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
