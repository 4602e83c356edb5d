"""JSON Web Tokens as an attacker handles them: read without a key, and forged."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

GUESSES = (
    "",
    "secret",
    "password",
    "changeme",
    "key",
    "jwt",
    "jwt-secret",
    "your-256-bit-secret",
    "supersecret",
    "test",
)
"""The keys of tutorials and examples, with which real APIs have signed."""
_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WebToken:
    """A token that was read; its signature was not checked."""

    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    signature: str = field(repr=False)


def read_token(token: str) -> WebToken | None:
    """The parts of a JSON Web Token; None when it is none."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None
    return WebToken(header=header, claims=claims, signature=parts[2])


def forgeries(own: WebToken, other: WebToken, ids: tuple[str, str], public_key: str) -> Iterator[tuple[str, str]]:
    """Tokens of the other tenant that nobody issued, each with a name: `own` is the attacker's, `ids` are of both.

    An API that accepts one of them gives every tenant's rows to everybody.
    """
    for algorithm in ("none", "None", "nOnE"):
        yield f"a token with the algorithm {algorithm}", _joined({**other.header, "alg": algorithm}, other.claims, "")
    yield "a token without a signature", _joined(other.header, other.claims, "")
    yield (
        "a token with claims of the other tenant and its old signature",
        _joined(own.header, _renamed(own.claims, *ids), own.signature),
    )
    yield "a token of the other tenant with another's signature", _joined(other.header, other.claims, own.signature)
    for guess in GUESSES:
        yield f"a token signed with the key '{guess}'", _signed(other, guess.encode())
    if public_key:
        yield (
            "a token signed with the public key as if it were a secret",
            _signed(other, f"{public_key.strip()}\n".encode()),
        )
        yield "a token signed with the public key as if it were a secret", _signed(other, public_key.strip().encode())


def _signed(token: WebToken, key: bytes) -> str:
    header = {**token.header, "alg": "HS256"}
    signed = f"{_encoded(header)}.{_encoded(token.claims)}"
    return f"{signed}.{_text(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def _joined(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str) -> str:
    return f"{_encoded(header)}.{_encoded(claims)}.{signature}"


def _renamed(value: Any, old: str, new: str) -> Any:
    """The claims with the tenant's id replaced wherever it stands."""
    if isinstance(value, dict):
        return {key: _renamed(each, old, new) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, old, new) for each in value]
    if isinstance(value, str):
        return value.replace(old, new)
    return new if str(value) == old else value


def _encoded(part: Any) -> str:
    return _text(orjson.dumps(part))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return None
