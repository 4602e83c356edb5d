"""Who may read the pages: users with a password, a bearer token, or everybody where neither is configured."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import bcrypt
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from basewatch.secrets import Secret

HEALTH_PATHS = frozenset({"/-/healthy", "/-/ready"})
"""They answer everybody, so that an orchestrator can ask them; only who may read the pages gets the reason."""
TRUSTED = "basewatch.trusted"
"""The key of the ASGI scope that says whether the client may read everything."""
_CHECKS_AT_ONCE = 2
_CHECKS_WAITING = 32
_REMEMBERED = 128
_LONGEST_BCRYPT = 72
# A hash that no password has, so that a user who does not exist takes as long as one who does.
_NOBODY = b"$2b$10$eKUQrp6LIGUJlCg8EYqILehPk2ckbsLZdITJe8PY2CxsD/ZYkku9S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The users with their bcrypt hashes, and the token. Without both, everybody may read."""

    users: Mapping[str, str]
    token: Secret | None = None

    @property
    def required(self) -> bool:
        """Whether a client must say who it is."""
        return bool(self.users) or self.token is not None


class TooManyChecksError(Exception):
    """More passwords wait to be checked than a server can check soon."""


class PasswordChecks:
    """Checks passwords on other threads, few at once, and remembers results: a check takes up to a second of a core."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right, self._wrong = OrderedDict[bytes, None](), OrderedDict[bytes, None]()
        self._waiting = 0
        self._running = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def matches(self, user: str, password: str, hashed: str | None) -> bool:
        """Whether the password has that hash; None is the hash of nobody. Raises: TooManyChecksError."""
        known = hmac.digest(self._key, repr((user, password, hashed)).encode(), "sha256")
        if known in self._right:
            return True
        if known in self._wrong:
            return False
        if self._waiting >= _CHECKS_WAITING:
            raise TooManyChecksError
        self._waiting += 1
        try:
            async with self._running:
                # bcrypt never used more of a password, and the library refuses a longer one.
                secret = password.encode()[:_LONGEST_BCRYPT]
                same = await asyncio.to_thread(bcrypt.checkpw, secret, (hashed or "").encode() or _NOBODY)
        finally:
            self._waiting -= 1
        right = same and hashed is not None
        results = self._right if right else self._wrong
        results[known] = None
        if len(results) > _REMEMBERED:
            results.popitem(last=False)
        return right


class Authentication:
    """Answers 401 to whoever may not read a page."""

    def __init__(self, app: ASGIApp, credentials: Callable[[], Credentials]) -> None:
        """`credentials` returns the current ones, at each request."""
        self._app = app
        self._credentials = credentials
        self._checks = PasswordChecks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        credentials = self._credentials()
        try:
            trusted = not credentials.required or await self._trusted(credentials, Headers(scope=scope))
        except TooManyChecksError:
            busy = PlainTextResponse("too many passwords are being checked\n", 429, {"retry-after": "10"})
            await busy(scope, receive, send)
            return
        if trusted or scope["path"] in HEALTH_PATHS:
            await self._app({**scope, TRUSTED: trusted}, receive, send)
            return
        challenges = [('Basic realm="basewatch", charset="UTF-8"', credentials.users), ("Bearer", credentials.token)]
        offered = ", ".join(challenge for challenge, configured in challenges if configured)
        refusal = PlainTextResponse("basewatch: not authorized\n", 401, {"www-authenticate": offered})
        await refusal(scope, receive, send)

    async def _trusted(self, credentials: Credentials, headers: Headers) -> bool:
        given = headers.getlist("authorization")
        if len(given) != 1:
            return False
        scheme, _, value = given[0].partition(" ")
        match scheme.lower():
            case "bearer":
                return credentials.token is not None and _same(value.strip(), credentials.token.reveal())
            case "basic" if credentials.users:
                user, password = _user_and_password(value)
                return await self._checks.matches(user, password, credentials.users.get(user))
            case _:
                return False


def _same(given: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not say how far they are."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def _user_and_password(encoded: str) -> tuple[str, str]:
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password
