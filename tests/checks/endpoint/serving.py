"""Real servers of HTTPS on loopback, and the verdicts of the checks on them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import Component, Endpoint
from basewatch.http import HttpClient
from basewatch.model import Finding, Verdict
from basewatch.secrets import Reference, Secret
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import run_checks
from demo.certificates import Issued, issue
from demo.https_server import HOST, HttpsServer, WebAnswer, WebRequest, server_context

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SOUND = {
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
Reaction = Callable[[WebRequest], WebAnswer]


@cache
def folder() -> Path:
    """A folder for certificates, which stays as long as the tests run."""
    kept = tempfile.TemporaryDirectory(prefix="basewatch-tls-")
    cast("Any", folder).kept = kept
    return Path(kept.name)


@cache
def authority() -> Issued:
    """The authority that the tests trust."""
    made = issue("Trusted Root", now=NOW, authority=True)
    (folder() / "root.pem").write_bytes(made.pem)
    return made


@cache
def certificate(name: str = HOST, days: int = 90, signed: str = "root", *, chained: bool = True) -> Path:
    """The file of a server's key and certificate, `signed` by the root, an intermediate, a stranger or itself."""
    root = authority()
    by: Issued | None = {"root": root, "stranger": _stranger(), "intermediate": _intermediate()}.get(signed)
    issued = issue(name, by, now=NOW, valid_for=days * DAY)
    above = (_intermediate(),) if signed == "intermediate" and chained else ()
    return issued.write(folder() / f"{name}-{days}-{signed}-{chained}.pem", *above)


@cache
def _stranger() -> Issued:
    return issue("Unknown Root", now=NOW, authority=True)


@cache
def _intermediate() -> Issued:
    return issue("Intermediate", authority(), now=NOW, authority=True)


def fixed(status: int = 200, body: bytes = b"{}", **headers: str) -> Reaction:
    """The same answer to every request; an underscore in the name of a header is a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: WebAnswer(status=status, body=body, headers=named)


def sound(request: WebRequest) -> WebAnswer:
    """What a well-kept endpoint answers."""
    if not request.secure:
        return WebAnswer(status=301, headers={"Location": "https://api.example.com/"})
    return WebAnswer(status=200, body=b"{}", headers=SOUND)


@contextmanager
def serving(react: Reaction = sound, **tls: Any) -> Iterator[str]:
    """The URL of a server that reacts so; `tls` are those of `certificate`, and the lowest and the highest version."""
    versions = {key: tls.pop(key) for key in ("lowest", "highest") if key in tls}
    with HttpsServer(react, server_context(certificate(**tls), **versions)) as server:
        yield server.url


def client(url: str, **settings: Any) -> HttpClient:
    """A client of that URL that trusts the tests' authority."""
    authority()
    settings = {"ca_file": str(folder() / "root.pem"), "seconds": 5.0, **settings}
    return HttpClient(url, source="endpoint:orders-live", secret=_no_secret, **settings)


def _no_secret(reference: Reference) -> Secret:
    raise AssertionError(f"{reference} is not needed")


class Opened:
    """Opens clients of one URL, as the engine asks for them."""

    def __init__(self, url: str, **settings: Any) -> None:
        self._url, self._settings = url, settings

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of the URL."""
        assert client_type is HttpClient
        return cast("AbstractContextManager[K]", closing(client(self._url, **self._settings)))


_DEADLINES = Deadlines(per_observation=timedelta(seconds=30), total=timedelta(seconds=60), concurrency=4)


def findings(
    checks: tuple[AnyCheck, ...], url: str, promises: Mapping[str, Any], **settings: Any
) -> tuple[Finding, ...]:
    """What the engine finds with these checks at this URL, under these promises."""
    endpoint = Endpoint.model_validate({"name": "orders-live", "url": "https://declared.example", **promises})
    plan = [PlannedCheck(check=each, component=endpoint) for each in checks if each.applies_to(endpoint)]
    now = datetime.now(UTC)
    return run_checks(plan, Opened(url, **settings), _DEADLINES, now, lambda: now).findings


def verdict(check: AnyCheck, url: str, promises: Mapping[str, Any], **settings: Any) -> tuple[Verdict, ...]:
    """The verdicts of one check."""
    return tuple(
        Verdict(
            status=each.status,
            summary=each.summary,
            observed=each.observed,
            expected=each.expected,
            reason=each.reason,
            remedy=each.remedy,
        )
        for each in findings((check,), url, promises, **settings)
    )
