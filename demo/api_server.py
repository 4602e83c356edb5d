"""SecureBase's API in the sandbox: it logs customers in, and reads their rows with row-level security."""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs, urlsplit

import psycopg

from demo.certificates import Issued, issue
from demo.https_server import HOST, HttpsServer, WebAnswer, WebRequest, server_context
from demo.tenants import CANARY_A, CANARY_B
from demo.web_tokens import InvalidToken, TokenSigner

ORIGIN = "https://app.securebase.example"
_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
}
_INVOICES = "SELECT id::text, amount_cents, status FROM invoices WHERE customer_id = %s ORDER BY period"


@dataclass(slots=True, kw_only=True)
class ApiBehaviour:
    """What the API does; a fault changes it."""

    tokens: TokenSigner
    headers: dict[str, str] = field(default_factory=lambda: dict(_HEADERS))
    origins: tuple[str, ...] = (ORIGIN,)
    any_origin: bool = False
    authorizer: bool = True
    owns_checked: bool = True
    caches_by_path: bool = False
    health: int = 200
    redirects: bool = True
    delay_seconds: float = 0.0


class SandboxApi:
    """The API behind TLS, with a certificate of the sandbox's own authority.

    `keys` are the API keys of the canaries. Every answer but that of the login is read from PostgreSQL as `app`.
    """

    def __init__(self, directory: Path, app_url: str, *, now: datetime) -> None:
        self.behaviour = ApiBehaviour(tokens=TokenSigner(secret=secrets.token_bytes(32)))
        self.keys = {customer: secrets.token_urlsafe(24) for customer in (CANARY_A, CANARY_B)}
        self._app_url = app_url
        self._directory = directory
        self._authority: Issued = issue("SecureBase Sandbox Root", now=now, authority=True)
        self._root = directory / "api-root.pem"
        self._root.write_bytes(self._authority.pem)
        self._allowed: dict[str, str] = {}
        self._database: psycopg.Connection | None = None
        self._lock = Lock()
        self._server = HttpsServer(self._answer, self._context(left=timedelta(days=90), lowest="1.2", name=HOST))
        self._server.__enter__()

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that make Basewatch probe this API instead of production's."""
        expired = self.behaviour.tokens.issue(CANARY_A, time.time() - 3600, lifetime_seconds=1800)
        return {
            "BASEWATCH_API_URL": f"{self._server.url}/health",
            "BASEWATCH_API_BASE_URL": self._server.url,
            "BASEWATCH_CANARY_A_KEY": self.keys[CANARY_A],
            "BASEWATCH_CANARY_B_KEY": self.keys[CANARY_B],
            "BASEWATCH_EXPIRED_TOKEN": expired,
            "SSL_CERT_FILE": str(self._root),
        }

    def serve(self, *, left: timedelta = timedelta(days=90), lowest: str = "1.2", name: str = HOST) -> None:
        """Serve with a new certificate that is valid for `left` from now on, and with TLS from `lowest` on."""
        self._server.context = self._context(left=left, lowest=lowest, name=name)

    def close(self) -> None:
        """Stop listening, and leave the database."""
        self._server.close()
        if self._database is not None:
            self._database.close()

    def _context(self, *, left: timedelta, lowest: str, name: str) -> ssl.SSLContext:
        issued = issue(name, self._authority, now=datetime.now(UTC), valid_for=left)
        return server_context(issued.write(self._directory / "api-server.pem"), lowest=lowest)

    def _answer(self, request: WebRequest) -> WebAnswer:
        if not request.secure and self.behaviour.redirects:
            return WebAnswer(status=301, headers={"Location": f"{self._server.url}{request.target}"})
        time.sleep(self.behaviour.delay_seconds)
        url = urlsplit(request.target)
        status, found = self._routed(request, url.path, parse_qs(url.query))
        headers = {**self.behaviour.headers, **self._cors(request.headers.get("origin", ""))}
        body = b"" if found is None else json.dumps(found).encode()
        return WebAnswer(status=status, body=body, headers=headers)

    def _cors(self, origin: str) -> Mapping[str, str]:
        if not (origin in self.behaviour.origins or (origin and self.behaviour.any_origin)):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Vary": "Origin",
        }

    def _routed(self, request: WebRequest, path: str, query: Mapping[str, list[str]]) -> tuple[int, object]:
        match request.method, path.split("/")[1:]:
            case "OPTIONS", _:
                return 204, None
            case "GET" | "HEAD", ["health"]:
                return self.behaviour.health, {"status": "ok" if self.behaviour.health == HTTPStatus.OK else "down"}
            case "POST", ["auth", "authenticate"]:
                return self._login(request)
            case "GET" | "HEAD", ["invoices", *rest] if len(rest) <= 1:
                customer = self._customer(request, path)
                if customer is None:
                    return 401, {"message": "Unauthorized"}
                asked = query.get("customer_id", [customer])[0]
                return self._invoices(customer, asked, rest[0] if rest else "")
            case _:
                return 404, {"message": "Not Found"}

    def _login(self, request: WebRequest) -> tuple[int, object]:
        try:
            key = str(json.loads(request.body)["api_key"])
        except (ValueError, KeyError, TypeError):
            return 400, {"message": "Bad Request"}
        for customer, known in self.keys.items():
            if secrets.compare_digest(known.encode(), key.encode()):
                return 200, {"token": self.behaviour.tokens.issue(customer, time.time())}
        return 401, {"message": "Unauthorized"}

    def _customer(self, request: WebRequest, path: str) -> str | None:
        """The customer that the authorizer lets in; None when it lets nobody in."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if not self.behaviour.authorizer:
            return CANARY_A
        if not self.behaviour.caches_by_path:
            self._allowed.clear()
        elif path in self._allowed:
            return self._allowed[path]
        try:
            customer = self.behaviour.tokens.customer(token if kind.lower() == "bearer" else "", time.time())
        except InvalidToken:
            return None
        self._allowed[path] = customer
        return customer

    def _invoices(self, customer: str, asked: str, invoice: str) -> tuple[int, object]:
        if self.behaviour.owns_checked and asked != customer:
            return 403, {"message": "Forbidden"}
        owners = (asked,) if self.behaviour.owns_checked else dict.fromkeys((asked, CANARY_A, CANARY_B))
        try:
            rows = [row for owner in owners for row in self._rows(owner)]
        except psycopg.Error:
            return 503, {"message": "Service Unavailable"}
        found = [row for row in rows if not invoice or row["id"] == invoice]
        if invoice:
            return (200, found[0]) if found else (404, {"message": "Not Found"})
        return 200, {"invoices": [row for row in rows if row["customer_id"] == asked]}

    def _rows(self, customer: str) -> list[dict[str, object]]:
        with self._lock:
            if self._database is None or self._database.closed:
                self._database = psycopg.connect(self._app_url, connect_timeout=2)
            with self._database.transaction():
                self._database.execute("SELECT set_config('app.current_customer_id', %s, true)", [customer])
                rows = self._database.execute(_INVOICES, [customer]).fetchall()
        return [_invoice(customer, *row) for row in rows]


def _invoice(customer: str, number: str, cents: int, status: str) -> dict[str, object]:
    return {
        "id": number,
        "reference": reference(number),
        "amount_cents": cents,
        "status": status,
        "customer_id": customer,
    }


def reference(invoice: str) -> str:
    """What is printed on an invoice: it cannot be guessed from the request for it."""
    return f"SB-{hashlib.sha256(invoice.encode()).hexdigest()[:16].upper()}"
