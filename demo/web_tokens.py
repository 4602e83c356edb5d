"""JSON Web Tokens with HS256, and the classic ways to verify them wrongly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIFETIME_SECONDS = 24 * 3600


class InvalidToken(Exception):
    """A token that gives nobody access."""


@dataclass(slots=True, kw_only=True)
class TokenSigner:
    """Issues and verifies tokens; each switch is a mistake of real libraries and authorizers."""

    secret: bytes = field(repr=False)
    lifetime_seconds: int = LIFETIME_SECONDS
    verifies_signature: bool = True
    accepts_none: bool = False
    verifies_expiry: bool = True

    def issue(self, customer: str, now: float, *, lifetime_seconds: int | None = None) -> str:
        """A token of this customer from `now`, in seconds since the epoch."""
        lifetime = self.lifetime_seconds if lifetime_seconds is None else lifetime_seconds
        claims = {"sub": customer, "customer_id": customer, "iat": int(now), "exp": int(now) + lifetime}
        return self.sign({"alg": "HS256", "typ": "JWT"}, claims)

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """A token with exactly these parts."""
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        return f"{signed}.{_text(self._signature(signed))}"

    def customer(self, token: str, now: float) -> str:
        """The customer of a valid token. Raises: InvalidToken."""
        try:
            head, body, signature = token.split(".")
            header, claims = _decoded(head), _decoded(body)
            self._verify(header, f"{head}.{body}", signature)
            if self.verifies_expiry and claims["exp"] <= now:
                raise InvalidToken("expired")
            return str(claims["customer_id"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidToken("malformed") from error

    def _verify(self, header: Mapping[str, Any], signed: str, signature: str) -> None:
        if self.accepts_none and str(header["alg"]).lower() == "none":
            return
        if self.verifies_signature:
            expected = _text(self._signature(signed))
            if header["alg"] != "HS256" or not hmac.compare_digest(expected.encode(), signature.encode()):
                raise InvalidToken("forged")

    def _signature(self, signed: str) -> bytes:
        return hmac.digest(self.secret, signed.encode(), hashlib.sha256)


def _encoded(part: Mapping[str, Any]) -> str:
    return _text(json.dumps(part, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
