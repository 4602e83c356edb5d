"""A check that an endpoint gives nothing away without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.http import HttpAnswer, HttpClient, NoAnswer
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.endpoint.visit import SILENT, target

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnswer:
    """What came back to a request without TLS: a status and the scheme and host that it leads to, or `end`."""

    status: int = 0
    scheme: str = ""
    leads_to: str = ""
    end: str = ""
    detail: str = ""


def plain_answer(http: HttpClient, _endpoint: Endpoint) -> PlainAnswer:
    """A GET by plain HTTP, at port 80 or at the port of the URL; then a handshake, which has to succeed.

    Raises: ObservationError, when the endpoint does not answer by TLS either.
    """
    plain = http.ask_again("GET", target(http), plain=True, verify=False)
    http.needed(http.ask_again("GET", target(http), verify=False))
    if not isinstance(plain, HttpAnswer):
        return PlainAnswer(end=plain.where.value, detail=plain.detail)
    location = plain.first("location")
    to = urlsplit(location) if plain.status in _REDIRECTS else urlsplit("")
    return PlainAnswer(status=plain.status, scheme=to.scheme.lower(), leads_to=to.hostname or "")


@check(
    "endpoint.http.https_only",
    component=Endpoint,
    observe=plain_answer,
    severity=Severity.MEDIUM,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("https_only",),
    follows_from=SILENT,
)
def nothing_without_tls(found: PlainAnswer, _endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """The endpoint gives nothing away without TLS: it redirects to https, or refuses.

    Why: What plain HTTP carries, everybody on the way can read and replace.
    Reads: A GET by plain HTTP to port 80, or to the port that the URL names, without a credential. A redirect to https
    passes, and so does a refusal: an error of HTTP, a refused connection, or one that is cut off.
    Unverified when: Nothing comes back, as when a firewall drops the request: that may be the one of Basewatch; or the
    endpoint does not answer by TLS either.
    Fix: Redirect port 80 to https, or close it.
    Source: https://developer.mozilla.org/en-US/docs/Web/Security/Practical_implementation_guides/TLS
    """
    expected = "a redirect to https, or a refusal"
    if found.end in (NoAnswer.LATE, NoAnswer.CONNECT, NoAnswer.NAME):
        yield unverified(
            Reason.UNREACHABLE,
            "Nothing came back by plain HTTP",
            observed=found.detail,
            expected=expected,
            remedy="Let port 80 refuse connections, or look from where no firewall drops them.",
        )
    elif found.end:
        yield passed("It refuses plain HTTP", observed=found.detail, expected=expected)
    elif found.status in _REDIRECTS and found.scheme != "https":
        observed = f"{found.status} to {found.scheme or 'the same scheme'}"
        yield failed("It redirects plain HTTP, and not to https", observed=observed, expected=expected)
    elif found.status in _REDIRECTS:
        yield passed("It redirects plain HTTP to https", observed=f"to https://{found.leads_to}", expected=expected)
    elif found.status < _REDIRECTS[0]:
        yield failed(f"It answers {found.status} without TLS", observed=str(found.status), expected=expected)
    else:
        yield passed(f"It refuses plain HTTP with {found.status}", observed=str(found.status), expected=expected)
