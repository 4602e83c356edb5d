"""A check that no tenant can read another's rows through the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus

from basewatch.check import check
from basewatch.components import Api
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.api.answers import Attempt
from checks.tenancy.api.tries import Tries, tries

_SHOWN = 3
_EXPECTED = "no answer with words of the other tenant, and a refusal of every attempt"


@check(
    "tenancy.api.cross_tenant",
    component=Api,
    observe=tries,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("tenant_isolation",),
)
def tenants_read_only_their_own_through_the_api(found: Tries, _api: Api, _now: datetime) -> Iterator[Verdict]:
    """No tenant, and nobody without a token, can read another tenant's rows through the API.

    Why: Row-level security isolates the tenant that the API names. An authorizer that caches by the path, a token whose
    signature nobody checks, or a query by an id that nobody compares names the wrong one.
    Reads: The answers to attempts of two canaries on each declared route, with their own ids alone. Each is made right
    after the owner was let in: without a token; with a malformed, an expired and forged tokens (without a signature, of
    the algorithm none, signed with common keys or the public key, with claims of the other tenant); with the token of
    one canary on what the other owns, in the path, the query and the body, with a slash at the end, both values, HEAD,
    and headers that name the other tenant; and once more. An answer leaks when it contains a declared mark of the
    attacked canary, also in base64, hex, gzip, or with the escapes of URLs, JSON and HTML. An answer of success without
    such words passes only where a request for something that does not exist gets the same, or where it has the words of
    the asker. Forged tokens need JSON Web Tokens, and an expired one has to be kept as a secret.
    Unverified when: A canary cannot log in, or does not see its own marks with its own token, so that nothing would be
    proven; an attempt is throttled (429), fails (5xx) without a leak, gets no answer or one that cannot be read; or the
    kept expired token has not expired.
    Fix: Take the tenant from the verified token alone, in the authorizer and in each query. Verify signature, algorithm
    and expiry with a well-kept library that is told the one algorithm. Cache what the authorizer decides by the token.
    Source: OWASP API Security Top 10, API1:2023 and API2:2023, https://owasp.org/API-Security/editions/2023/en/0x11-t10/
    """
    everything = (*found.controls, *found.attempts)
    leaks = [each for each in everything if each.leaked]
    blind = [each for each in found.controls if not each.own]
    let_in = [] if blind else [each for each in found.attempts if _let_in(each)]
    unclear = [each for each in found.attempts if _unclear(each)]
    observed = f"{len(everything)} requests on {len({each.route for each in everything})} routes"
    if not found.forged:
        observed += "; no token was forged, because they are no JSON Web Tokens"
    if leaks:
        yield failed(f"Another tenant's rows were read: {leaks[0].what}", observed=_text(leaks), expected=_EXPECTED)
    elif let_in:
        yield failed(f"It did not refuse: {let_in[0].what}", observed=_text(let_in), expected=_EXPECTED)
    elif blind:
        yield unverified(
            _reason(blind, Reason.NOT_ENOUGH_DATA),
            "A canary does not see its own rows, so attempts would prove nothing",
            observed=_text(blind),
            expected=_EXPECTED,
            remedy="Correct the ids and the marks of the canaries, or what keeps them from reading their own rows.",
        )
    elif unclear or found.expired:
        yield unverified(
            _reason(unclear, Reason.UNREACHABLE if unclear else Reason.UNSUPPORTED),
            f"Not known whether it refuses: {unclear[0].what}" if unclear else f"Not tried: {found.expired}",
            observed=_text(unclear) or found.expired,
            expected=_EXPECTED,
            remedy="Look again later; read the logs of the API for 5xx."
            if unclear
            else "Keep a token of canary a until it has expired, and store it under its reference.",
        )
    else:
        yield passed(f"It refused all of {len(found.attempts)} attempts", observed=observed, expected=_EXPECTED)


def _let_in(each: Attempt) -> bool:
    """Whether an answer without the words of anybody is one that only the owner should get."""
    return each.allowed and not each.own and (each.like_absent is False or (each.stranger and not each.like_absent))


def _unclear(each: Attempt) -> bool:
    if each.own:
        return False
    strange = each.allowed and (each.like_absent is None or each.leaked is None)
    failing = each.status == HTTPStatus.TOO_MANY_REQUESTS or each.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not each.status or failing or strange


def _reason(attempts: Sequence[Attempt], otherwise: Reason) -> Reason:
    statuses = {each.status for each in attempts}
    if HTTPStatus.TOO_MANY_REQUESTS in statuses:
        return Reason.THROTTLED
    failing = any(not status or status >= HTTPStatus.INTERNAL_SERVER_ERROR for status in statuses)
    return Reason.UNREACHABLE if failing else otherwise


def _text(attempts: Sequence[Attempt]) -> str:
    shown = "; ".join(f"{each.route}: {each.status or each.end} to {each.what}" for each in attempts[:_SHOWN])
    return shown + (f"; and {len(attempts) - _SHOWN} more" if len(attempts) > _SHOWN else "")
