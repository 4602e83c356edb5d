"""The HTTPS client asks one host alone, for a bounded time and a bounded answer."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Callable, Mapping

import pytest

from basewatch.errors import ObservationError
from basewatch.http import HttpAnswer, NoAnswer, Unanswered
from basewatch.http.handshakes import Shaken
from basewatch.http.trust import can_offer
from demo.https_server import WebAnswer, WebRequest
from tests.checks.endpoint.serving import client, fixed, serving


def asked(react: Callable[[WebRequest], WebAnswer], **settings: object) -> HttpAnswer | Unanswered:
    """The answer to one GET."""
    with serving(react) as url:
        http = client(url, seconds=0.5)
        try:
            return http.ask("GET", "/", **settings)  # type: ignore[arg-type]  # settings of ask
        finally:
            http.close()


def test_a_long_body_is_cut_at_the_limit() -> None:
    """A gigabyte is not read to the end, and the answer says that it is not whole."""
    answer = asked(fixed(200, b"x" * 100_000), max_bytes=1000)
    assert isinstance(answer, HttpAnswer)
    assert (len(answer.body), answer.whole) == (1000, False)


def test_a_server_that_drips_is_left_in_time() -> None:
    """Each byte comes soon enough, and the whole does not: the exchange ends by its own deadline."""

    def drip(_request: WebRequest) -> WebAnswer:
        time.sleep(2)
        return WebAnswer(status=200)

    began = time.monotonic()
    answer = asked(drip)
    assert isinstance(answer, Unanswered)
    assert answer.where is NoAnswer.LATE
    assert time.monotonic() - began < 2


def test_no_redirect_is_followed() -> None:
    """A redirect to itself is one answer."""
    seen = list[str]()

    def loop(request: WebRequest) -> WebAnswer:
        seen.append(request.target)
        return WebAnswer(status=302, headers={"Location": request.target})

    answer = asked(loop)
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, seen) == (302, ["/"])


@pytest.mark.parametrize("target", ["//elsewhere.example/", "/a b", "/a\r\nHost: b", "http://elsewhere.example/", ""])
def test_a_request_stays_at_its_host(target: str) -> None:
    """No path leads to another host or begins another header; two slashes are a path of the same host."""
    with serving(lambda request: WebAnswer(status=200, body=request.headers["host"].encode())) as url:
        http = client(url)
        if target == "//elsewhere.example/":
            answer = http.ask("GET", target)
            assert isinstance(answer, HttpAnswer)
            assert answer.body.decode() == url.removeprefix("https://")
        else:
            with pytest.raises(ObservationError, match="leaves the declared URL"):
                http.ask("GET", target)
        http.close()


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https://user:word@a.example/", "https://", "ftp://a", "https://a:x/"]
)
def test_only_https_is_asked(url: str) -> None:
    """A URL with another scheme, or with a password in it, is refused without printing it."""
    with pytest.raises(ObservationError) as refused:
        client(url)
    assert "word" not in refused.value.detail


def test_a_distrusted_certificate_gets_no_request() -> None:
    """Where certificates are checked, nothing is sent to whoever has a wrong one."""
    seen = list[WebRequest]()

    def react(request: WebRequest) -> WebAnswer:
        seen.append(request)
        return WebAnswer(status=200)

    with serving(react, signed="stranger") as url:
        http = client(url)
        answer = http.ask("GET", "/", headers={"Authorization": "Bearer secret"})
        http.close()
    assert isinstance(answer, Unanswered)
    assert (answer.where, seen) == (NoAnswer.TLS, [])


def test_requests_are_recorded_without_their_query() -> None:
    """The evidence names each request, and no value that it was sent with."""
    with serving() as url:
        http = client(url)
        http.ask("GET", "/invoices?token=hunter2", headers={"Authorization": "Bearer hunter2"})
        http.close()
    assert http.requests == ("GET https://127.0.0.1/invoices",)


@pytest.mark.parametrize(
    ("encoding", "found"), [("gzip", b"mark"), ("", None), ("br", None), ("gzip, identity", b"mark")]
)
def test_a_body_is_inflated_within_a_limit(encoding: str, found: bytes | None) -> None:
    """An encoding that cannot be undone, and a body that grows beyond the limit, are told apart from an empty one."""
    headers: Mapping[str, str] = {"content-encoding": encoding} if encoding else {"content-encoding": "zstd"}
    answer = HttpAnswer(
        status=200, headers=tuple(headers.items()), body=gzip.compress(b"mark"), whole=True, seconds=0.0
    )
    assert answer.inflated(1000) == found
    bomb = HttpAnswer(
        status=200, headers=(("content-encoding", "gzip"),), body=gzip.compress(bytes(10**6)), whole=True, seconds=0.0
    )
    assert bomb.inflated(1000) is None


def test_each_version_of_tls_is_offered_alone() -> None:
    """What this OpenSSL can speak is offered, and nothing else with it."""
    with serving(lowest="1.2", highest="1.2") as url:
        http = client(url)
        ends = {version: http.handshake(version).end for version in ("1.0", "1.1", "1.2", "1.3") if can_offer(version)}
    assert ends == {version: Shaken.DONE if version == "1.2" else Shaken.REFUSED for version in ends}
    assert ssl.HAS_TLSv1_2


def test_a_file_of_certificates_that_is_missing_is_named() -> None:
    """SSL_CERT_FILE is the user's: the error says so."""
    with serving() as url:
        http = client(url, ca_file="/nowhere.pem")
        with pytest.raises(ObservationError, match="SSL_CERT_FILE"):
            http.ask("GET", "/")
