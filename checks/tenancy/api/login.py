"""How a canary gets its token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson

from basewatch.components.tenant_isolation import ApiCanary, TenantIsolation
from basewatch.errors import ObservationError
from basewatch.http import HttpAnswer, HttpClient
from basewatch.model import Reason

_REASONS = {401: Reason.DENIED, 403: Reason.DENIED, 429: Reason.THROTTLED}


def token_of(http: HttpClient, isolation: TenantIsolation, name: str, canary: ApiCanary) -> str:
    """The token of a canary: the one that is kept, or that of a login. Raises: ObservationError, when it gets none."""
    if canary.token is not None:
        return http.secret(canary.token).reveal()
    if canary.key is None or isolation.login is None:
        raise ObservationError(Reason.UNSUPPORTED, f"canary {name} has no credential", remedy="Declare its key.")
    key = http.secret(canary.key).reveal()
    method, _, path = isolation.login.route.partition(" ")
    body = {name: value.replace("{key}", key) for name, value in isolation.login.body.items()}
    answer = http.needed(
        http.ask_again(
            method,
            prefix(http) + path,
            body=orjson.dumps(body),
            headers={"Content-Type": "application/json", **plan_headers(http, canary)},
        )
    )
    token = _at(answer, isolation.login.token)
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not token:
        why = f"answers {answer.status}" + (
            "" if token or answer.status >= HTTPStatus.BAD_REQUEST else " without a token"
        )
        raise ObservationError(
            _REASONS.get(answer.status, Reason.UNREACHABLE if answer.status >= 500 else Reason.NOT_ENOUGH_DATA),  # noqa: PLR2004  # a status
            f"canary {name} cannot log in: {isolation.login.route} {why}",
            remedy=f"Store the current key of canary {name} under its reference, and correct tenant_isolation.login.",
        )
    return token


def plan_headers(http: HttpClient, canary: ApiCanary) -> dict[str, str]:
    """The header with the canary's key of a usage plan; empty without one."""
    return {} if canary.api_key is None else {"x-api-key": http.secret(canary.api_key).reveal()}


def prefix(http: HttpClient) -> str:
    """The path that every route begins with, such as a stage."""
    return http.url.path.rstrip("/")


def _at(answer: HttpAnswer, path: str) -> str:
    """The text at a path with dots in the JSON of an answer; empty when there is none."""
    try:
        found: Any = orjson.loads(answer.inflated(1 << 20) or b"")
        for key in path.split("."):
            found = found[key]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return found.strip() if isinstance(found, str) else ""
