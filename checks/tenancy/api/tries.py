"""Every attempt on every declared route, after both canaries have logged in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch.components import Api
from basewatch.components.tenant_isolation import ApiCanary, TenantIsolation
from basewatch.errors import ObservationError
from basewatch.http import HttpClient
from basewatch.model import Reason
from checks.tenancy.api.answers import Attempt
from checks.tenancy.api.login import plan_headers, token_of
from checks.tenancy.api.route_tries import RouteTries, Tenant
from checks.tenancy.api.web_tokens import WebToken, forgeries, read_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Every attempt, and the controls: each canary with its own token, which has to see its own words.

    `forged` says whether tokens could be forged, which needs JSON Web Tokens. `expired` is empty, or says why the kept
    expired token is none.
    """

    attempts: tuple[Attempt, ...]
    controls: tuple[Attempt, ...]
    forged: bool
    expired: str = ""


def tries(http: HttpClient, api: Api) -> Tries:
    """Logs both canaries in, and tries each declared route. Raises: ObservationError, when one cannot log in."""
    isolation = api.tenant_isolation
    if isolation is None:
        raise ObservationError(Reason.UNSUPPORTED, "no tenant isolation is declared", remedy="Declare it.")
    a, b = (
        Tenant(
            name=name,
            canary=canary,
            token=token_of(http, isolation, name, canary),
            plan=plan_headers(http, canary),
        )
        for name, canary in (("a", isolation.canaries.a), ("b", isolation.canaries.b))
    )
    if a.token == b.token:
        raise ObservationError(
            Reason.UNSUPPORTED, "both canaries have the same token", remedy="Give each canary a key of its own."
        )
    http.principal = f"the canaries {a.canary.id} and {b.canary.id}"
    forged = tuple(_forged(http, isolation, a, b))
    expired, why = _expired(http, a.canary)
    tried = [RouteTries(http, probe, a, b) for probe in isolation.probes]
    found = [(each.controls(), tuple(each.attempts(forged, expired))) for each in tried]
    return Tries(
        controls=tuple(control for controls, _ in found for control in controls),
        attempts=tuple(each for _, attempts in found for each in attempts),
        forged=bool(forged),
        expired=why,
    )


def _forged(http: HttpClient, isolation: TenantIsolation, a: Tenant, b: Tenant) -> Iterator[tuple[str, str]]:
    own, other = read_token(a.token), read_token(b.token)
    if own and other:
        key = http.secret(isolation.public_key).reveal() if isolation.public_key else ""
        yield from forgeries(own, other, (a.canary.id, b.canary.id), key)


def _expired(http: HttpClient, canary: ApiCanary) -> tuple[str, str]:
    """The kept expired token of a canary, and why it is not one; both are empty where none is declared."""
    if canary.expired_token is None:
        return "", ""
    token = http.secret(canary.expired_token).reveal()
    return token, "" if _has_expired(read_token(token)) else "the kept token is no JSON Web Token that has expired"


def _has_expired(token: WebToken | None) -> bool:
    expiry = token.claims.get("exp") if token else None
    return isinstance(expiry, int | float) and expiry < datetime.now(UTC).timestamp()
