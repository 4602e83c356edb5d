"""A visit of an endpoint: a few requests as anybody makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from basewatch.check import FollowsFrom
from basewatch.components import Endpoint
from basewatch.http import HttpAnswer, HttpClient, Unanswered
from basewatch.model import Reason, Status, Verdict, unverified

REQUESTS = 5
KEPT = (
    "strict-transport-security",
    "content-security-policy",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
)
"""The headers that evidence keeps; others may hold secrets, such as cookies."""
SILENT = (
    FollowsFrom(check="endpoint.http.status", status=Status.UNVERIFIED, reasons=(Reason.UNREACHABLE, Reason.TIMEOUT)),
)
"""What an endpoint that does not answer explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: its status, how long it took, where it redirects to, and the headers that are kept."""

    status: int
    took: timedelta
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The answers on one connection, the first with its handshake; without one, `silence` says why.

    `network_works` is False when no other host could be reached either, so that the silence may be ours.
    """

    replies: tuple[Reply, ...] = ()
    silence: str = ""
    network_works: bool = True


def visit(http: HttpClient, endpoint: Endpoint) -> Visit:
    """GETs the URL without a credential, with any certificate; the first request is tried twice."""
    first = http.ask_again("GET", target(http), verify=False)
    if isinstance(first, Unanswered):
        works = not first.may_be_ours or http.network_works()
        return Visit(silence=first.detail, network_works=works)
    wanted = REQUESTS - 1 if endpoint.answers_below else 0
    rest = (http.ask_again("GET", target(http), verify=False) for _ in range(wanted))
    return Visit(replies=tuple(_reply(each) for each in (first, *rest) if isinstance(each, HttpAnswer)))


def target(http: HttpClient) -> str:
    """The path and the query of the declared URL."""
    return (http.url.path or "/") + (f"?{http.url.query}" if http.url.query else "")


def _reply(answer: HttpAnswer) -> Reply:
    return Reply(
        status=answer.status,
        took=timedelta(milliseconds=round(answer.seconds * 1000, 1)),
        headers=tuple((name, value[:2000]) for name, value in answer.headers if name in KEPT),
    )


def silent(found: Visit, expected: str) -> Verdict:
    """The verdict of a check that needs an answer where there is none."""
    return unverified(
        Reason.UNREACHABLE,
        f"It gave no answer: {found.silence}",
        observed=found.silence,
        expected=expected,
        remedy="Repair what endpoint.http.status reports.",
    )
