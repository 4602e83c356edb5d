"""A small API with two tenants, and every mistake in isolating them as a switch."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import Api, Component
from basewatch.http import HttpClient
from basewatch.model import Verdict
from basewatch.secrets import Reference, Secret
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import run_checks
from demo.https_server import WebAnswer, WebRequest
from demo.web_tokens import InvalidToken, TokenSigner
from tests.checks.endpoint.serving import authority, folder, serving

A, B = "0ca9a11e-0000-4000-8000-00000000000a", "0ca9a11e-0000-4000-8000-00000000000b"
INVOICES = {A: "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa", B: "bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb"}
MARKS = {A: "SB-ALPHA-7713", B: "SB-BRAVO-9921"}
OWNERS = {invoice: tenant for tenant, invoice in INVOICES.items()}
SIGNER = TokenSigner(secret=b"not to be guessed")
KEYS = {"key-a": A, "key-b": B}
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"
Answered = tuple[int, Any]


class Shop:
    """Routes GET /invoices, GET /invoices/{id} and POST /search; each `mistake` is a name that is looked for."""

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = frozenset(mistakes)
        self.seen: list[WebRequest] = []
        self._allowed: dict[str, str] = {}
        self._reads = 0

    def __call__(self, request: WebRequest) -> WebAnswer:
        """The answer to a request."""
        self.seen.append(request)
        if "plan" in self.mistakes and request.headers.get("x-api-key") not in ("plan-a", "plan-b"):
            return _json(403, {"message": "Forbidden"})
        if request.target == "/auth/authenticate":
            return self._login(request)
        url = urlsplit(request.target)
        tenant = self._tenant(request, url.path)
        if tenant is None:
            return self._refusal()
        if "x-tenant-id" in request.headers and "header" in self.mistakes:
            tenant = request.headers["x-tenant-id"]
        status, found = self._routed(request, url.path, parse_qs(url.query), tenant)
        return self._written(status, found)

    def _login(self, request: WebRequest) -> WebAnswer:
        tenant = KEYS.get(json.loads(request.body)["api_key"])
        if tenant is None or "login" in self.mistakes:
            return _json(401, {"message": "Unauthorized"})
        token = f"opaque-{tenant}" if "opaque" in self.mistakes else SIGNER.issue(tenant, time.time())
        return _json(200, {"session": {"token": token}})

    def _tenant(self, request: WebRequest, path: str) -> str | None:
        if "cache" in self.mistakes and path in self._allowed:
            return self._allowed[path]
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        tenant = self._verified(token)
        if tenant is None and ("open" in self.mistakes or (path.endswith("/") and "slash" in self.mistakes)):
            tenant = B
        if tenant is not None:
            self._allowed[path] = tenant
        return tenant

    def _verified(self, token: str) -> str | None:
        if "opaque" in self.mistakes:
            return token.removeprefix("opaque-") if token.startswith("opaque-") else None
        keys = {"guess": b"secret", "empty-key": b"", "confusion": PUBLIC_KEY.encode()}
        for mistake, key in keys.items():
            if mistake in self.mistakes and _signed_with(token, key):
                return _claim(token)
        signer = TokenSigner(
            secret=SIGNER.secret,
            verifies_signature="unsigned" not in self.mistakes,
            accepts_none="none" in self.mistakes,
            verifies_expiry="expiry" not in self.mistakes,
        )
        try:
            return signer.customer(token, time.time())
        except InvalidToken:
            return None

    def _refusal(self) -> WebAnswer:
        if "graph" in self.mistakes:
            return _json(200, {"errors": [{"message": "unauthorized"}]})
        if "login-page" in self.mistakes:
            return WebAnswer(status=302, headers={"Location": "https://login.example.com/?next=somewhere"})
        return _json(401, {"message": "Unauthorized"})

    def _routed(self, request: WebRequest, path: str, query: dict[str, list[str]], tenant: str) -> Answered:
        self._reads += 1
        if "limited" in self.mistakes and self._reads > 30:
            return 429, {"message": "Too Many Requests"}
        if "throttled" in self.mistakes and self._reads > 4:
            return 429, {"message": "Too Many Requests"}
        if path.startswith("/invoices/"):
            return self._one(path.split("/")[2], tenant, request.method)
        asked = query.get("customer_id", [tenant])
        if request.method == "POST":
            asked = [json.loads(request.body)["customer_id"]]
        return self._many(asked, tenant)

    def _one(self, invoice: str, tenant: str, method: str) -> Answered:
        owner = OWNERS.get(invoice)
        foreign = owner is not None and owner != tenant
        if foreign and owner is not None and (status_and_body := self._careless(invoice, owner, method)):
            return status_and_body
        if owner is None or foreign:
            missing: object = {"rows": []} if "empty" in self.mistakes else {"message": f"no invoice {invoice}"}
            return (200 if "empty" in self.mistakes else 404), missing
        return 200, {"rows": [_row(owner)]} if "empty" in self.mistakes else _row(owner)

    def _careless(self, invoice: str, owner: str, method: str) -> Answered | None:
        """What a mistake gives whoever asks for another tenant's invoice."""
        given: dict[str, Answered] = {
            "path": (200, _row(owner)),
            "error": (500, {"trace": f"row {_row(owner)} is not yours"}),
            "refusal": (403, {"message": f"{MARKS[owner]} is not yours"}),
            "partial": (200, {"id": invoice, "status": "paid"}),
            "crash": (500, {"message": "Internal Server Error"}),
            "download": (302, f"https://bucket.example.com/exports/{invoice}.csv?signature=1"),
        }
        if "head" in self.mistakes and method == "HEAD":
            return 200, _row(owner)
        if "third" in self.mistakes and self._reads > 8:
            return 200, _row(owner)
        return next((answer for mistake, answer in given.items() if mistake in self.mistakes), None)

    def _many(self, asked: list[str], tenant: str) -> Answered:
        wanted = asked[-1]
        if "query" in self.mistakes:
            return 200, [_row(wanted)]
        if "last" in self.mistakes:
            return (200, [_row(wanted)]) if tenant in asked else (403, {"message": "Forbidden"})
        if "ignored" in self.mistakes:
            return 200, [_row(tenant)]
        return (200, [_row(tenant)]) if set(asked) == {tenant} else (403, {"message": "Forbidden"})

    def _written(self, status: int, found: Any) -> WebAnswer:
        if isinstance(found, str):
            return WebAnswer(status=status, headers={"Location": found})
        body, headers = json.dumps(found).encode(), dict[str, str]()
        if "base64" in self.mistakes:
            body = json.dumps({"file": base64.b64encode(b"x" + body).decode()}).encode()
        if "gzip" in self.mistakes:
            body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
        if "brotli" in self.mistakes:
            body, headers = body[::-1], {"Content-Encoding": "br"}
        if "escaped" in self.mistakes:
            body = body.replace(b"-", b"\\u002d")
        if "in-header" in self.mistakes:
            headers, body = {"X-Debug": body.decode().replace("\n", "")}, b"{}"
        return WebAnswer(status=status, body=body, headers=headers)


def _row(tenant: str) -> dict[str, object]:
    return {"id": INVOICES[tenant], "reference": MARKS[tenant], "amount": 7}


def _json(status: int, found: object) -> WebAnswer:
    return WebAnswer(status=status, body=json.dumps(found).encode())


def _signed_with(token: str, key: bytes) -> bool:
    signed, _, signature = token.rpartition(".")
    made = base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    return bool(signed) and made == signature


def _claim(token: str) -> str:
    part = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["customer_id"])


SECRETS: dict[str, Callable[[], str]] = {
    "KEY_A": lambda: "key-a",
    "KEY_B": lambda: "key-b",
    "EXPIRED": lambda: SIGNER.issue(A, time.time() - 7200, lifetime_seconds=3600),
    "PLAN_A": lambda: "plan-a",
    "PLAN_B": lambda: "plan-b",
    "PUBLIC": lambda: PUBLIC_KEY,
}


def declared(*probes: object, trial: int = 0, plan: bool = False, rate: str = "20/min", **canary_a: object) -> Api:
    """The API with these probes, a `trial` of so many requests, and keys of a usage plan."""
    canaries: dict[str, dict[str, object]] = {
        name: {
            "id": tenant,
            "key": f"env:KEY_{name.upper()}",
            "owns": {"invoice": INVOICES[tenant]},
            "marks": [MARKS[tenant]],
        }
        for name, tenant in (("a", A), ("b", B))
    }
    if plan:
        for name, canary in canaries.items():
            canary["api_key"] = f"env:PLAN_{name.upper()}"
    canaries["a"].update({"expired_token": "env:EXPIRED", **canary_a})
    isolation: dict[str, object] = {
        "url": "https://declared.example",
        "login": {"token": "session.token"},
        "canaries": canaries,
        "probes": list(probes or ("GET /invoices/{invoice}", "GET /invoices?customer_id={id}")),
        "public_key": "env:PUBLIC",
    }
    if trial:
        isolation["rate_limit_tried"] = {"route": "GET /invoices", "requests": trial}
    return Api.model_validate(
        {"name": "orders-live", "stage": "prod", "rate_limit": rate, "tenant_isolation": isolation}
    )


class _Opened:
    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of the shop."""
        assert client_type is HttpClient
        authority()

        def secret(reference: Reference) -> Secret:
            return Secret(str(reference), SECRETS[reference.location]())

        ca_file = str(folder() / "root.pem")
        client = HttpClient(self._url, source="endpoint:orders-live", secret=secret, ca_file=ca_file, seconds=5.0)
        return cast("AbstractContextManager[K]", closing(client))


_DEADLINES = Deadlines(per_observation=timedelta(seconds=30), total=timedelta(seconds=60), concurrency=1)


def judged(check: AnyCheck, shop: Shop, api: Api, **tls: Any) -> tuple[Verdict, ...]:
    """The verdict of a check on the shop."""
    now = datetime.now(UTC)
    with serving(shop, **tls) as url:
        plan = [PlannedCheck(check=check, component=api)]
        found = run_checks(plan, _Opened(url), _DEADLINES, now, lambda: now)
    text = json.dumps([each.facts for each in found.evidence]) + str(found)
    # Evidence is kept for years: neither a key, nor a token, nor a tenant's words may be in it.
    for secret in (*KEYS, *MARKS.values(), "eyJ"):
        assert secret not in text, secret
    return tuple(
        Verdict(
            status=each.status,
            summary=each.summary,
            observed=each.observed,
            expected=each.expected,
            reason=each.reason,
            remedy=each.remedy,
        )
        for each in found.findings
    )
