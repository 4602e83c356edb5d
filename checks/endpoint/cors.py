"""A check that the scripts of declared origins may read answers of an endpoint, and those of other origins may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.http import HttpAnswer, HttpClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.endpoint.visit import SILENT, target

_STRANGER = "basewatch-stranger.example"
_ASKED = "authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the endpoint lets the scripts of one origin do: `by` is the preflight, or the answer itself.

    `allowed` is Access-Control-Allow-Origin as it is, empty without one; two headers of it are joined.
    """

    origin: str
    by: str
    status: int
    allowed: str
    credentials: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """The consents to each declared origin, and to origins that nobody declared."""

    declared: tuple[Consent, ...]
    strangers: tuple[Consent, ...]


def consents(http: HttpClient, endpoint: Endpoint) -> Consents:
    """A preflight and a GET for each origin. Raises: ObservationError, when one gets no answer."""
    origins = endpoint.cors.origins if endpoint.cors else ()
    method = endpoint.cors.method if endpoint.cors else "GET"
    return Consents(
        declared=tuple(each for origin in origins for each in _ask(http, origin, method)),
        strangers=tuple(each for origin in _strangers(origins) for each in _ask(http, origin, method)),
    )


def _strangers(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Origins that nobody declared, some of which a careless comparison takes for a declared one."""
    first = urlsplit(origins[0])
    host = first.hostname or ""
    alike = (f"{first.scheme}://{host}.{_STRANGER}", f"{first.scheme}://{_STRANGER.partition('.')[0]}{host}")
    return tuple(each for each in (f"https://{_STRANGER}", "null", *alike) if each not in origins)


def _ask(http: HttpClient, origin: str, method: str) -> Iterator[Consent]:
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": _ASKED,
    }
    for verb, by, headers in (("OPTIONS", "preflight", preflight), ("GET", "answer", {"Origin": origin})):
        answer: HttpAnswer = http.needed(http.ask_again(verb, target(http), headers=headers, verify=False))
        yield Consent(
            origin=origin,
            by=by,
            status=answer.status,
            allowed=", ".join(value.strip() for value in answer.all("access-control-allow-origin")),
            credentials=answer.first("access-control-allow-credentials").strip() == "true",
        )


@check(
    "endpoint.http.cors",
    component=Endpoint,
    observe=consents,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("cors",),
    follows_from=SILENT,
)
def only_declared_origins_may_read(found: Consents, endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """Scripts of the declared origins may read the endpoint's answers, and scripts of no other origin may.

    Why: An endpoint that repeats any origin lets every web page act as the user who has it open.
    Reads: A preflight and a GET for each declared origin, and for four that nobody declared: a stranger, null, and two
    that begin or end like a declared one. The preflight has to succeed and to name the declared origin, and the answer
    has to name it.
    Unverified when: A request gets no answer, or is throttled or fails at the endpoint (429, 5xx).
    Fix: Compare the origin with a list, whole, and repeat it only when it is there, with Vary: Origin. Answer OPTIONS
    without a token, and send Access-Control-Allow-Origin with errors too.
    Source: Fetch Standard, HTTP CORS protocol, https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    cors = endpoint.cors
    origins = ", ".join(cors.origins) if cors else ""
    expected = f"{origins} alone" + (", with credentials" if cors and cors.credentials else "")
    broken = [each for each in (*found.declared, *found.strangers) if _unclear(each)]
    welcomed = [each for each in found.strangers if each.allowed in (each.origin, "*")]
    missing = [each for each in found.declared if not _unclear(each) and not _consents(each, endpoint)]
    if welcomed:
        names = ", ".join(dict.fromkeys(_named(each) for each in welcomed))
        yield failed(f"Scripts of strangers may read its answers: {names}", observed=names, expected=expected)
    elif missing:
        names = ", ".join(dict.fromkeys(f"{each.origin} ({_why(each, endpoint)})" for each in missing))
        yield failed(
            f"Scripts of a declared origin may not read its answers: {names}", observed=names, expected=expected
        )
    elif broken:
        observed = ", ".join(dict.fromkeys(f"{each.status} to {each.origin}" for each in broken))
        yield unverified(
            Reason.THROTTLED if broken[0].status == HTTPStatus.TOO_MANY_REQUESTS else Reason.UNREACHABLE,
            "It did not say whom it lets read",
            observed=observed,
            expected=expected,
            remedy="Read the logs of the endpoint, and look again.",
        )
    else:
        yield passed("Only scripts of the declared origins may read its answers", observed=origins, expected=expected)


def _unclear(consent: Consent) -> bool:
    # With a stranger's consent nothing is unclear: an answer that fails may still be read.
    failing = consent.status == HTTPStatus.TOO_MANY_REQUESTS or consent.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failing and consent.allowed not in (consent.origin, "*")


def _consents(consent: Consent, endpoint: Endpoint) -> bool:
    return not _why(consent, endpoint)


def _why(consent: Consent, endpoint: Endpoint) -> str:
    """Why the scripts of a declared origin may not read; empty when they may."""
    if consent.by == "preflight" and not HTTPStatus(200) <= consent.status < HTTPStatus(300):
        return f"the preflight answers {consent.status}"
    if consent.allowed != consent.origin:
        return f"the {consent.by} allows {consent.allowed or 'no origin'}"
    if endpoint.cors and endpoint.cors.credentials and not consent.credentials:
        return f"the {consent.by} allows no credentials"
    return ""


def _named(consent: Consent) -> str:
    return f"{consent.origin}{' with credentials' if consent.credentials and consent.allowed != '*' else ''}"
