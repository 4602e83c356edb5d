"""Faults of the API as everybody outside sees it: its answers, its certificate, its headers, whom it lets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_ENDPOINT = "endpoint/securebase-production-api"
_NOSNIFF = "X-Content-Type-Options"


def _found(check: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=_ENDPOINT),)


def _on_api(check: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component="api/securebase-production"),)


def _tokens(**settings: Any) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        for name, value in settings.items():
            setattr(sandbox.api.behaviour.tokens, name, value)

    return change


def _behaviour(**settings: Any) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        for name, value in settings.items():
            setattr(sandbox.api.behaviour, name, value)

    return change


def _serve(**settings: Any) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.api.serve(**settings)


def _header(value: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.api.behaviour.headers.update({_NOSNIFF: value})


ENDPOINT_FAULTS = (
    Fault(
        name="endpoint-down",
        title="The API answers 503 to everybody",
        apply=_behaviour(health=503),
        repair=_behaviour(health=200),
        expected_findings=(
            *_found("endpoint.http.status"),
            ExpectedFinding(check="endpoint.http.cors", component=_ENDPOINT, status=Status.UNVERIFIED),
        ),
    ),
    Fault(
        name="endpoint-slow",
        title="The API takes a quarter of a second to answer",
        apply=_behaviour(delay_seconds=0.25),
        repair=_behaviour(delay_seconds=0.0),
        expected_findings=_found("endpoint.http.latency"),
    ),
    Fault(
        name="certificate-expiring",
        title="The renewal of the API's certificate fails",
        apply=_serve(left=timedelta(days=6)),
        repair=_serve(),
        expected_findings=_found("endpoint.tls.certificate"),
    ),
    Fault(
        name="old-tls",
        title="The API accepts TLS 1.0 again",
        apply=_serve(lowest="1.0"),
        repair=_serve(),
        expected_findings=_found("endpoint.tls.version"),
    ),
    Fault(
        name="plain-http",
        title="The API answers without TLS",
        apply=_behaviour(redirects=False),
        repair=_behaviour(redirects=True),
        expected_findings=_found("endpoint.http.https_only"),
    ),
    Fault(
        name="header-broken",
        title="A deployment replaces a security header by one that browsers ignore",
        apply=_header("no-sniff"),
        repair=_header("nosniff"),
        expected_findings=_found("endpoint.http.headers"),
    ),
    Fault(
        name="any-origin",
        title="The API repeats every origin that asks",
        apply=_behaviour(any_origin=True),
        repair=_behaviour(any_origin=False),
        expected_findings=_found("endpoint.http.cors"),
    ),
    Fault(
        name="authorizer-off",
        title="A deployment lets everybody call the API as the first customer",
        apply=_behaviour(authorizer=False),
        repair=_behaviour(authorizer=True),
        expected_findings=_on_api("tenancy.api.cross_tenant"),
    ),
    Fault(
        name="token-unverified",
        title="The authorizer accepts tokens of the algorithm none",
        apply=_tokens(accepts_none=True),
        repair=_tokens(accepts_none=False),
        expected_findings=_on_api("tenancy.api.cross_tenant"),
    ),
    Fault(
        name="authorizer-cache",
        title="The authorizer remembers whom it let in by the path alone",
        apply=_behaviour(caches_by_path=True),
        repair=_behaviour(caches_by_path=False),
        expected_findings=_on_api("tenancy.api.cross_tenant"),
    ),
    Fault(
        name="invoice-of-anybody",
        title="A route reads an invoice by its id, whoever asks",
        apply=_behaviour(owns_checked=False),
        repair=_behaviour(owns_checked=True),
        expected_findings=_on_api("tenancy.api.cross_tenant"),
    ),
    Fault(
        name="token-for-a-month",
        title="The login issues tokens that are valid for a month",
        apply=_tokens(lifetime_seconds=30 * 24 * 3600),
        repair=_tokens(lifetime_seconds=24 * 3600),
        expected_findings=_on_api("access.api.token"),
    ),
)
