"""Endpoints: what answers, how fast, with which TLS, certificate, headers and origins, on real servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from basewatch.check import AnyCheck
from basewatch.model import Reason, Status, Verdict
from checks.endpoint import cors, header_rules, headers, https_only, latency, status, tls
from checks.endpoint.tls_facts import Handshakes, OldVersion
from demo.https_server import HOST, WebAnswer, WebRequest
from tests.checks.endpoint.serving import NOW, SOUND, Reaction, findings, fixed, serving, sound, verdict
from tests.checks.situations.situation import Situation, each

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
STATUS, LATENCY = status.endpoint_answers, latency.endpoint_is_fast
VERSION, CERTIFICATE = tls.old_tls_is_refused, tls.certificate_is_believed
PLAIN, HEADERS, CORS = https_only.nothing_without_tls, headers.headers_protect, cors.only_declared_origins_may_read
NEWER = {"tls": {"minimum": "1.2"}}
LEFT = {"tls": {"certificate_left": "21d"}}
APP = "https://app.example.com"
MAY_READ = {"cors": {"origins": [APP]}}
FIXED_ADDRESS = "192.0.2.1"


def at(
    check: AnyCheck, react: Reaction = sound, promises: Mapping[str, Any] | None = None, **tls_settings: Any
) -> Callable[[], Iterable[Verdict]]:
    """The verdict of a check on a server that reacts so."""

    def judged() -> Iterable[Verdict]:
        with serving(react, **tls_settings) as url:
            return verdict(check, f"{url}/health", promises or {})

    return judged


@contextmanager
def raw(react: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server without TLS whose connections are handled so, and then closed."""
    with socket.create_server((HOST, 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        react(connection)
                    except OSError:
                        continue

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def on_raw(
    check: AnyCheck, react: Callable[[socket.socket], None], promises: Mapping[str, Any] | None = None
) -> Callable[[], Iterable[Verdict]]:
    """The verdict of a check on a server that speaks no TLS."""

    def judged() -> Iterable[Verdict]:
        with raw(react) as port:
            return verdict(check, f"https://{HOST}:{port}/", promises or {}, seconds=0.3)

    return judged


def nothing_listens() -> Iterable[Verdict]:
    """The verdict on a port at which nothing listens."""
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    return verdict(STATUS, f"https://{HOST}:{port}/", {})


def unknown_name(*, reachable: bool) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a name without an address, while another host can be reached or not."""

    def judged() -> Iterable[Verdict]:
        with socket.create_server((HOST, 0)) as listening:
            controls = ((HOST, listening.getsockname()[1]),) if reachable else ()
            return verdict(STATUS, "https://nowhere.invalid/", {}, controls=controls)

    return judged


def reset(connection: socket.socket) -> None:
    """Reads the hello, and hangs up."""
    connection.recv(4096)


def hang(connection: socket.socket) -> None:
    """Reads, and never answers."""
    while connection.recv(4096):
        pass


def sequence(*statuses: int) -> Reaction:
    """Another status for each request, the last one for the rest."""
    left = list(statuses)

    def react(_request: WebRequest) -> WebAnswer:
        return WebAnswer(status=left.pop(0) if len(left) > 1 else left[0])

    return react


def slowly(*seconds: float) -> Reaction:
    """Another delay for each request, the last one for the rest."""
    left = list(seconds)

    def react(_request: WebRequest) -> WebAnswer:
        time.sleep(left.pop(0) if len(left) > 1 else left[0])
        return WebAnswer(status=200)

    return react


ANSWERING = (
    Situation(
        number="status-1",
        what="a sound endpoint",
        right=(PASS,),
        why="it answers 200",
        judged=at(STATUS),
        says="200 OK",
    ),
    Situation(
        number="status-2",
        what="an endpoint that must refuse whoever has no token",
        right=(PASS,),
        why="401 is the declared status",
        judged=at(STATUS, fixed(401), {"status": [401, 403]}),
    ),
    Situation(
        number="status-3",
        what="the load balancer has no healthy target",
        right=(FAIL,),
        why="503 is not 200",
        judged=at(STATUS, fixed(503)),
        says="503 Service Unavailable",
    ),
    Situation(
        number="status-4",
        what="a redirect to a page of an error",
        right=(FAIL,),
        why="redirects are not followed, so 302 is the answer",
        judged=at(STATUS, fixed(302, Location="https://elsewhere.example/")),
    ),
    Situation(
        number="status-5",
        what="one of two targets is broken",
        right=(FAIL,),
        why="every request of the visit has to be answered so",
        judged=at(STATUS, sequence(200, 502, 200), {"answers_below": "1s"}),
        says="502 Bad Gateway (1 of 5)",
    ),
    Situation(
        number="status-6",
        what="the rate limit of the endpoint stops Basewatch itself",
        right=(UNVERIFIED,),
        why="it says nothing of what customers get",
        judged=at(STATUS, fixed(429)),
        says="throttles",
    ),
    Situation(
        number="status-7",
        what="a status that no standard names",
        right=(FAIL,),
        why="520 is not 200",
        judged=at(STATUS, fixed(520)),
        says="520",
    ),
    Situation(
        number="status-8",
        what="nothing listens at the port",
        right=(FAIL,),
        why="the host itself refuses",
        judged=nothing_listens,
        says="refused",
    ),
    Situation(
        number="status-9",
        what="the name has no address, while AWS can be reached",
        right=(FAIL,),
        why="our network works, so the name is gone",
        judged=unknown_name(reachable=True),
        says="no address",
    ),
    Situation(
        number="status-10",
        what="the name has no address, and nothing else can be reached",
        right=(UNVERIFIED,),
        why="our own network may be down",
        judged=unknown_name(reachable=False),
        says="network of Basewatch",
    ),
    Situation(
        number="status-11",
        what="the host hangs up after the first bytes",
        right=(FAIL,),
        why="somebody answered, and not with HTTP",
        judged=on_raw(STATUS, reset),
        says="cut",
    ),
    Situation(
        number="status-12",
        what="the host accepts and says nothing",
        right=(FAIL,),
        why="a host that can be reached does not answer",
        judged=on_raw(STATUS, hang),
        says="in time",
    ),
    Situation(
        number="status-13",
        what="the port speaks plain HTTP",
        right=(FAIL,),
        why="no handshake of TLS succeeds",
        judged=on_raw(STATUS, lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        says="TLS handshake failed",
    ),
    Situation(
        number="status-14",
        what="an expired certificate",
        right=(PASS,),
        why="another check judges certificates; the endpoint answers",
        judged=at(STATUS, sound, days=-1),
    ),
    Situation(
        number="status-15",
        what="an endpoint that speaks TLS 1.1 only",
        right=(PASS,),
        why="another check judges versions; the endpoint answers",
        judged=at(STATUS, sound, lowest="1.0", highest="1.1"),
    ),
    Situation(
        number="latency-1",
        what="a fast endpoint whose first answer is slow",
        right=(PASS,),
        why="the first has the handshake and a cold start, and is left out",
        judged=at(LATENCY, slowly(0.3, 0), {"answers_below": "200ms"}),
    ),
    Situation(
        number="latency-2",
        what="one of the requests waits",
        right=(PASS,),
        why="the median counts",
        judged=at(LATENCY, slowly(0, 0.3, 0), {"answers_below": "200ms"}),
    ),
    Situation(
        number="latency-3",
        what="every answer takes longer than promised",
        right=(FAIL,),
        why="the median is above the limit",
        judged=at(LATENCY, slowly(0.03), {"answers_below": "20ms"}),
    ),
    Situation(
        number="latency-4",
        what="no answer at all",
        right=(UNVERIFIED,),
        why="nothing was measured",
        judged=on_raw(LATENCY, reset, {"answers_below": "20ms"}),
        says="endpoint.http.status",
    ),
)
SECURED = (
    Situation(
        number="tls-1",
        what="TLS 1.2 and 1.3",
        right=(PASS,),
        why="TLS 1.0 and 1.1 are refused",
        judged=at(VERSION, sound, NEWER),
    ),
    Situation(
        number="tls-2",
        what="TLS 1.1 is accepted besides",
        right=(FAIL,),
        why="it is below the promise",
        judged=at(VERSION, sound, NEWER, lowest="1.1"),
        says="TLS 1.1",
    ),
    Situation(
        number="tls-3",
        what="TLS 1.0 alone",
        right=(FAIL,),
        why="it is below the promise, though no modern handshake succeeds",
        judged=at(VERSION, sound, NEWER, lowest="1.0", highest="1.0"),
        says="TLS 1.0",
    ),
    Situation(
        number="tls-4",
        what="TLS 1.2 where 1.3 is promised",
        right=(FAIL,),
        why="it is below the promise",
        judged=at(VERSION, sound, {"tls": {"minimum": "1.3"}}),
        says="TLS 1.2",
    ),
    Situation(
        number="tls-5",
        what="TLS 1.2 alone, with a certificate of nobody",
        right=(PASS,),
        why="another check judges certificates",
        judged=at(VERSION, sound, NEWER, highest="1.2", signed="itself"),
    ),
    Situation(
        number="tls-6",
        what="the OpenSSL of Basewatch cannot speak TLS 1.0",
        right=(UNVERIFIED,),
        why="what was not offered was not refused",
        judged=lambda: _judged_version(OldVersion(version="1.0", end="unspoken")),
        says="OpenSSL",
    ),
    Situation(
        number="tls-7",
        what="an offer of TLS 1.0 gets no answer",
        right=(UNVERIFIED,),
        why="silence is no refusal",
        judged=lambda: _judged_version(OldVersion(version="1.0", end="silent")),
        says="neither took nor refused",
    ),
    Situation(
        number="tls-8",
        what="no handshake succeeds",
        right=(UNVERIFIED,),
        why="whoever speaks no TLS refuses no version of it",
        judged=on_raw(VERSION, reset, NEWER),
        says="endpoint.http.status",
    ),
    Situation(
        number="certificate-1",
        what="a certificate of the trusted authority",
        right=(PASS,),
        why="it is valid for 90 days",
        judged=at(CERTIFICATE, sound, LEFT),
    ),
    Situation(
        number="certificate-2",
        what="a certificate that expires in 20 days",
        right=(FAIL,),
        why="21 days are promised",
        judged=at(CERTIFICATE, sound, LEFT, days=20),
        says="expires in",
    ),
    Situation(
        number="certificate-3",
        what="an expired certificate",
        right=(FAIL,),
        why="clients reject it",
        judged=at(CERTIFICATE, sound, LEFT, days=-1),
        says="expired",
    ),
    Situation(
        number="certificate-4",
        what="a certificate of another name",
        right=(FAIL,),
        why="clients reject it",
        judged=at(CERTIFICATE, sound, LEFT, name="other.example.com"),
        says="not valid for",
    ),
    Situation(
        number="certificate-5",
        what="a certificate that signs itself",
        right=(FAIL,),
        why="clients reject it",
        judged=at(CERTIFICATE, sound, LEFT, signed="itself"),
        says="self-signed",
    ),
    Situation(
        number="certificate-6",
        what="a certificate of an unknown authority",
        right=(FAIL,),
        why="clients reject it",
        judged=at(CERTIFICATE, sound, LEFT, signed="stranger"),
        says="SSL_CERT_FILE",
    ),
    Situation(
        number="certificate-7",
        what="a chain through an intermediate",
        right=(PASS,),
        why="the server sends it",
        judged=at(CERTIFICATE, sound, LEFT, signed="intermediate"),
    ),
    Situation(
        number="certificate-8",
        what="the server leaves the intermediate out",
        right=(FAIL,),
        why="clients that have not met it elsewhere reject the certificate",
        judged=at(CERTIFICATE, sound, LEFT, signed="intermediate", chained=False),
        says="between it and the root",
    ),
    Situation(
        number="plain-1",
        what="plain HTTP is redirected to https",
        right=(PASS,),
        why="nothing is given away",
        judged=at(PLAIN, sound, {"https_only": True}),
    ),
    Situation(
        number="plain-2",
        what="plain HTTP gets the same answer",
        right=(FAIL,),
        why="it is given away without TLS",
        judged=at(PLAIN, fixed(200), {"https_only": True}),
        says="200 without TLS",
    ),
    Situation(
        number="plain-3",
        what="plain HTTP is redirected to plain HTTP",
        right=(FAIL,),
        why="the next request is plain too",
        judged=at(
            PLAIN,
            lambda request: WebAnswer(status=200 if request.secure else 301, headers={"Location": "http://a.example/"}),
            {"https_only": True},
        ),
    ),
    Situation(
        number="plain-4",
        what="plain HTTP is refused with 403, as CloudFront does",
        right=(PASS,),
        why="nothing is given away",
        judged=at(PLAIN, lambda request: WebAnswer(status=200 if request.secure else 403), {"https_only": True}),
    ),
    Situation(
        number="plain-5",
        what="the endpoint answers neither way",
        right=(UNVERIFIED,),
        why="a host that is down gives nothing away",
        judged=on_raw(PLAIN, reset, {"https_only": True}),
    ),
)


def _judged_version(*old: OldVersion) -> Iterable[Verdict]:
    from basewatch.components import Endpoint  # noqa: PLC0415  # only here

    found = Handshakes(version="1.3", distrust="", issuer="", expires=None, old=old)
    endpoint = Endpoint.model_validate({"name": "orders-live", "url": "https://a.example", **NEWER})
    return tuple(VERSION.judge(found, endpoint, NOW))


def consenting(allowed: Callable[[str], str], **more: str) -> Reaction:
    """An endpoint that allows an origin what the function makes of it."""
    named = {name.replace("_", "-"): value for name, value in more.items()}

    def react(request: WebRequest) -> WebAnswer:
        origin = allowed(request.headers.get("origin", ""))
        consent = {"Access-Control-Allow-Origin": origin} if origin else {}
        return WebAnswer(status=204 if request.method == "OPTIONS" else 401, headers={**consent, **named})

    return react


def only_in_preflights(request: WebRequest) -> WebAnswer:
    """An API of which only the preflight names the origin."""
    named = {"Access-Control-Allow-Origin": APP} if request.method == "OPTIONS" else {}
    return WebAnswer(status=204 if named else 200, headers=named)


ORIGINS = (
    Situation(
        number="cors-1",
        what="the declared origin alone is repeated",
        right=(PASS,),
        why="scripts of no other origin may read",
        judged=at(CORS, consenting(lambda origin: origin if origin == APP else ""), MAY_READ),
    ),
    Situation(
        number="cors-2",
        what="the same declared origin is sent to everybody, as API Gateway does",
        right=(PASS,),
        why="browsers compare it with the page's own origin",
        judged=at(CORS, consenting(lambda _origin: APP), MAY_READ),
    ),
    Situation(
        number="cors-3",
        what="any origin is repeated",
        right=(FAIL,),
        why="every page may read",
        judged=at(CORS, consenting(lambda origin: origin), MAY_READ),
        says="basewatch-stranger.example",
    ),
    Situation(
        number="cors-4",
        what="any origin is repeated, with credentials",
        right=(FAIL,),
        why="every page may read with the user's cookies",
        judged=at(CORS, consenting(lambda origin: origin, Access_Control_Allow_Credentials="true"), MAY_READ),
        says="with credentials",
    ),
    Situation(
        number="cors-5",
        what="every origin is allowed by a star",
        right=(FAIL,),
        why="more may read than are declared",
        judged=at(CORS, consenting(lambda _origin: "*"), MAY_READ),
    ),
    Situation(
        number="cors-6",
        what="the origin is compared by its beginning",
        right=(FAIL,),
        why="a stranger can name a host so",
        judged=at(CORS, consenting(lambda origin: origin if origin.startswith(APP) else ""), MAY_READ),
        says=f"{APP}.",
    ),
    Situation(
        number="cors-7",
        what="the host is compared by its end",
        right=(FAIL,),
        why="a stranger can name a host so",
        judged=at(CORS, consenting(lambda origin: origin if origin.endswith("app.example.com") else ""), MAY_READ),
    ),
    Situation(
        number="cors-8",
        what="the origin null is allowed",
        right=(FAIL,),
        why="a sandboxed frame of any page has it",
        judged=at(CORS, consenting(lambda origin: origin if origin in (APP, "null") else ""), MAY_READ),
        says="null",
    ),
    Situation(
        number="cors-9",
        what="no origin is allowed",
        right=(FAIL,),
        why="the declared application cannot read",
        judged=at(CORS, consenting(lambda _origin: ""), MAY_READ),
        says="no origin",
    ),
    Situation(
        number="cors-10",
        what="the preflight needs a token",
        right=(FAIL,),
        why="browsers send none with it",
        judged=at(CORS, fixed(401, Access_Control_Allow_Origin=APP), MAY_READ),
        says="the preflight answers 401",
    ),
    Situation(
        number="cors-11",
        what="only the preflight names the origin",
        right=(FAIL,),
        why="the answer cannot be read",
        judged=at(CORS, only_in_preflights, MAY_READ),
        says="the answer allows no origin",
    ),
    Situation(
        number="cors-12",
        what="credentials are declared, and not allowed",
        right=(FAIL,),
        why="the application's cookies are not sent",
        judged=at(CORS, consenting(lambda _origin: APP), {"cors": {"origins": [APP], "credentials": True}}),
        says="no credentials",
    ),
    Situation(
        number="cors-13",
        what="the endpoint throttles",
        right=(UNVERIFIED,),
        why="it did not say whom it lets read",
        judged=at(CORS, fixed(429), MAY_READ),
    ),
    Situation(
        number="cors-14",
        what="the origin is sent twice",
        right=(FAIL,),
        why="browsers accept one value only",
        judged=at(CORS, consenting(lambda _origin: f"{APP}, {APP}"), MAY_READ),
    ),
)


@each((*ANSWERING, *SECURED, *ORIGINS))
def test_endpoints(situation: Situation) -> None:
    """A promise of an endpoint fails where strangers see it broken, and passes only where they see it kept."""
    situation.test()


@pytest.mark.parametrize(
    ("rule", "values", "sound_one"),
    [
        ("strict-transport-security", ("max-age=31536000; includeSubDomains; preload",), True),
        ("strict-transport-security", ('max-age="31536000"',), True),
        ("strict-transport-security", ("max-age=300",), False),
        ("strict-transport-security", ("max-age=0", "max-age=31536000"), False),
        ("strict-transport-security", ("includeSubDomains",), False),
        ("strict-transport-security", (), False),
        ("content-security-policy", ("default-src 'none'",), True),
        ("content-security-policy", ("default-src 'self'; script-src 'self' 'nonce-r4nd0m' 'unsafe-inline'",), True),
        ("content-security-policy", ("default-src *",), False),
        ("content-security-policy", ("script-src 'self' 'unsafe-inline'",), False),
        ("content-security-policy", ("frame-ancestors 'none'",), False),
        ("content-security-policy", ("default-src *", "default-src 'self'"), True),
        ("content-security-policy", (), False),
        ("x-content-type-options", ("nosniff",), True),
        ("x-content-type-options", ("NoSniff",), True),
        ("x-content-type-options", ("sniff",), False),
        ("referrer-policy", ("no-referrer, strict-origin-when-cross-origin",), True),
        ("referrer-policy", ("unsafe-url",), False),
        ("referrer-policy", ("origin-only",), False),
    ],
)
def test_headers_are_read_as_browsers_do(rule: str, values: tuple[str, ...], *, sound_one: bool) -> None:
    """A header counts when browsers do what it is for."""
    assert (header_rules.problem(rule, {rule: values}) == "") is sound_one


@pytest.mark.parametrize(
    ("frame", "policy", "sound_one"),
    [
        ("DENY", "", True),
        ("sameorigin", "", True),
        ("ALLOW-FROM https://a.example", "", False),
        ("", "frame-ancestors 'none'", True),
        ("", "default-src 'self'", False),
        ("DENY", "frame-ancestors *", False),
        ("", "frame-ancestors 'self' https://partner.example", True),
        ("", "", False),
    ],
)
def test_frames_are_refused_by_either_header(frame: str, policy: str, *, sound_one: bool) -> None:
    """frame-ancestors replaces X-Frame-Options where it is sent."""
    sent = {"x-frame-options": (frame,) if frame else (), "content-security-policy": (policy,) if policy else ()}
    assert (header_rules.problem("frame-options", sent) == "") is sound_one


def test_a_missing_header_is_named() -> None:
    """The finding says which header is missing, and why the others do not count."""
    promised = {"headers": ["x-content-type-options", "frame-options"]}
    left = {name: value for name, value in SOUND.items() if name != "X-Content-Type-Options"}
    with serving(lambda _request: WebAnswer(status=200, headers=left)) as url:
        (found,) = verdict(HEADERS, url, promised)
    assert (found.status, found.observed) == (FAIL, "x-content-type-options: missing")


def test_an_endpoint_that_is_down_is_one_failure() -> None:
    """The other checks could not look, and name the one that failed as the cause."""
    promised = {"answers_below": "1s", **NEWER, "https_only": True, "headers": ["frame-options"], **MAY_READ}
    checks = (STATUS, LATENCY, VERSION, PLAIN, HEADERS, CORS)
    with raw(reset) as port:
        found = findings(checks, f"https://{HOST}:{port}/", promised)
    (failure,) = [finding for finding in found if finding.status is FAIL]
    others = [finding for finding in found if finding is not failure]
    assert failure.check == STATUS.id
    assert len(others) == len(checks) - 1
    assert {(finding.status, finding.cause) for finding in others} == {(UNVERIFIED, failure.key)}
    assert {finding.reason for finding in others} == {Reason.UNREACHABLE}
