"""A check that an endpoint sends the headers with which browsers protect its users."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.endpoint.header_rules import problem
from checks.endpoint.visit import SILENT, Reply, Visit, silent, visit


@check(
    "endpoint.http.headers",
    component=Endpoint,
    observe=visit,
    severity=Severity.MEDIUM,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("headers",),
    follows_from=SILENT,
)
def headers_protect(found: Visit, endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """The endpoint sends the promised security headers, and browsers understand them.

    Why: A header with a value that browsers ignore protects nobody, and looks like one that does.
    Reads: The headers of each answer. Strict-Transport-Security lasts 180 days at least; Content-Security-Policy lets
    no script come from anywhere or be inline without a nonce or a hash; frame-options is X-Frame-Options with DENY or
    SAMEORIGIN, or frame-ancestors, which replaces it; X-Content-Type-Options is nosniff; Referrer-Policy is not
    unsafe-url. A policy that only reports does not count.
    Unverified when: The endpoint gives no answer.
    Fix: Send the header from the function, the load balancer or the distribution, with errors too.
    Source: OWASP HTTP Headers Cheat Sheet, https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
    """
    expected = ", ".join(endpoint.headers)
    if not found.replies:
        yield silent(found, expected)
        return
    problems = dict[str, str]()
    for rule in endpoint.headers:
        for reply in found.replies:
            if why := problem(rule, _by_name(reply)):
                problems.setdefault(rule, why)
    if problems:
        observed = "; ".join(f"{rule}: {why}" for rule, why in problems.items())
        yield failed(f"Browsers get no protection by {', '.join(problems)}", observed=observed, expected=expected)
    else:
        yield passed("It sends every promised security header", observed=expected, expected=expected)


def _by_name(reply: Reply) -> dict[str, list[str]]:
    named = dict[str, list[str]]()
    for name, value in reply.headers:
        named.setdefault(name, []).append(value)
    return named
