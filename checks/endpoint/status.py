"""A check that an endpoint answers, with the declared status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.endpoint.visit import Visit, visit


@check(
    "endpoint.http.status",
    component=Endpoint,
    observe=visit,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("status",),
)
def endpoint_answers(found: Visit, endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """The endpoint answers with the declared status.

    Why: What does not answer is down for everybody, whatever its metrics say: without requests they have no errors.
    Reads: The status of a GET without a credential. It follows no redirect, believes any certificate, which another
    check judges, and is repeated once when no answer came. A host that is silent while another one can be reached
    (AWS, or another declared endpoint) is at fault itself.
    Unverified when: No other host can be reached either, so that our own network may be down; or the endpoint throttles
    our request (429) and that is not the declared status.
    Fix: Read the logs of the endpoint. Where only Basewatch cannot reach it, such as an endpoint of a private network,
    run Basewatch in that network.
    Source: RFC 9110, HTTP Semantics, section 15, https://www.rfc-editor.org/rfc/rfc9110#section-15
    """
    expected = " or ".join(_name(status) for status in endpoint.status)
    if not found.replies and not found.network_works:
        yield unverified(
            Reason.UNREACHABLE,
            f"It gave no answer, and no other host did: {found.silence}",
            observed=f"{found.silence}; AWS and the other endpoints cannot be reached either",
            expected=expected,
            remedy="Repair the network of Basewatch.",
        )
    elif not found.replies:
        yield failed(f"It does not answer: {found.silence}", observed=found.silence, expected=expected)
    else:
        yield _judged(found, endpoint, expected)


def _judged(found: Visit, endpoint: Endpoint, expected: str) -> Verdict:
    others = Counter(reply.status for reply in found.replies if reply.status not in endpoint.status)
    if not others:
        return passed(
            f"It answers {_name(found.replies[0].status)}", observed=_name(found.replies[0].status), expected=expected
        )
    observed = ", ".join(f"{_name(status)} ({count} of {len(found.replies)})" for status, count in others.items())
    if set(others) == {HTTPStatus.TOO_MANY_REQUESTS}:
        return unverified(
            Reason.THROTTLED,
            "It throttles our own requests",
            observed=observed,
            expected=expected,
            remedy="Look again later, or let the address of Basewatch send a request a minute.",
        )
    return failed(f"It answers {observed}", observed=observed, expected=expected)


def _name(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
