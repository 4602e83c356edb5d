"""A check that the tokens of an API are signed as promised, end in time, and have their claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import Api
from basewatch.errors import ObservationError
from basewatch.http import HttpClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.tenancy.api.login import token_of
from checks.tenancy.api.web_tokens import read_token


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """The algorithm of an issued token, its lifetime in seconds, and the names of its claims.

    None means that it has no such part, or not as a number.
    """

    algorithm: str
    lifetime_seconds: float | None
    claims: tuple[str, ...]
    read: bool = True


def issued_token(http: HttpClient, api: Api) -> TokenFacts:
    """What the token of canary a says. Raises: ObservationError, when it gets none."""
    isolation = api.tenant_isolation
    if isolation is None:
        raise ObservationError(Reason.UNSUPPORTED, "no login is declared", remedy="Declare tenant_isolation.")
    token = read_token(token_of(http, isolation, "a", isolation.canaries.a))
    if token is None:
        return TokenFacts(algorithm="", lifetime_seconds=None, claims=(), read=False)
    issued, expires = (token.claims.get(name) for name in ("iat", "exp"))
    known = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (issued, expires))
    return TokenFacts(
        algorithm=str(token.header.get("alg")),
        lifetime_seconds=float(expires) - float(issued) if known else None,  # type: ignore[arg-type]  # both are numbers
        claims=tuple(sorted(token.claims)),
    )


@check(
    "access.api.token",
    component=Api,
    observe=issued_token,
    severity=Severity.HIGH,
    proof=Proof.SAMPLE,
    needs=(),
    promises=("tenant_isolation.token",),
)
def tokens_are_as_promised(found: TokenFacts, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The API issues tokens that are signed as promised, end in time, and have the promised claims.

    Why: A token that never ends is a password that nobody can change.
    Reads: The header and the claims of the token of canary a: alg, the time between iat and exp, and the names of the
    claims. Their values are not kept. Whether the API verifies them too, tenancy.api.cross_tenant tries.
    Unverified when: The canary cannot log in, or its token is no JSON Web Token.
    Fix: Let the login sign with the promised algorithm and set iat, exp and the promised claims.
    Source: RFC 8725, JSON Web Token Best Current Practices, https://www.rfc-editor.org/rfc/rfc8725
    """
    promised = api.tenant_isolation.token if api.tenant_isolation else None
    if promised is None or not found.read:
        yield unverified(
            Reason.UNSUPPORTED, "Its token is no JSON Web Token", remedy="Remove tenant_isolation.token, or issue one."
        )
        return
    lifetime = None if found.lifetime_seconds is None else timedelta(seconds=round(found.lifetime_seconds))
    wrong = list[str]()
    if found.algorithm != promised.algorithm:
        wrong.append(f"it is signed with {found.algorithm}")
    if lifetime is None:
        wrong.append("it has no iat and exp, so it may be valid for ever")
    elif lifetime > promised.lifetime or lifetime <= timedelta():
        wrong.append(f"it is valid for {format_duration(lifetime)}")
    missing = [name for name in promised.claims if name not in found.claims]
    if missing:
        wrong.append(f"it has no claim {', '.join(missing)}")
    expected = ", ".join([promised.algorithm, f"{format_duration(promised.lifetime)} at most", *promised.claims])
    observed = (
        f"{found.algorithm}, {'no end' if lifetime is None else format_duration(lifetime)}, {', '.join(found.claims)}"
    )
    if wrong:
        yield failed(f"Its token is not as promised: {', '.join(wrong)}", observed=observed, expected=expected)
    else:
        yield passed("Its token is as promised", observed=observed, expected=expected)
