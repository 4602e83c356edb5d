"""The pages are protected as Prometheus' web configuration says, and changes of its files take effect by themselves."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import bcrypt
import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from basewatch.errors import BasewatchError
from basewatch.secrets import Secret
from tests.workflows.pages import running, shown
from workflows.web.pages import Reloaded, ServedPage, app
from workflows.web.security import WebSecurity

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
HASHED = bcrypt.hashpw(b"s3cret", bcrypt.gensalt(4)).decode()
HTPASSWD = HASHED.replace("$2b$", "$2y$")
OTHER = bcrypt.hashpw(b"0ther", bcrypt.gensalt(4)).decode()
TOKEN = Secret("env:TOKEN", "t0ken")
PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/nothing")


async def reload() -> Reloaded:
    """A reload that works."""
    return Reloaded(status_code=200, text="reloaded\n")


@contextmanager
def serving(security: WebSecurity) -> Iterator[str]:
    """The URL of a server that is not ready, and says why to some."""
    page = ServedPage(shown(waiting_for="the database of a tenant"))
    with running(app(page, lambda: "the job `poll main` does not end", reload=reload), security) as url:
        yield url


def secured(folder: Path, text: str = "", token: Secret | None = None) -> WebSecurity:
    """What a web configuration says, looked at anew for each request."""
    (folder / "web.yml").write_text(text, encoding="utf-8")
    seconds = count(0.0, 10.0)
    return WebSecurity(folder / "web.yml", token, lambda: next(seconds))


def status(url: str, authorization: str | None = None, method: str = "GET") -> int:
    """The status of a request with this header."""
    headers = {} if authorization is None else {"authorization": authorization}
    return urllib3.PoolManager(retries=False, cert_reqs="CERT_NONE").request(method, url, headers=headers).status


def basic(user: str, password: str) -> str:
    """The header of a user."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def test_only_who_is_known_reads_the_pages(tmp_path: Path) -> None:
    """A right password or token reads everything; everything else gets 401, whatever the path."""
    allowed = [basic("prometheus", "s3cret"), "Bearer t0ken", "bearer t0ken"]
    refused = [
        basic("prometheus", "S3cret"),
        basic("prometheus", ""),
        basic("nobody", "s3cret"),
        basic("prometheus", "s3cret\0"),
        basic("prometheus", "x" * 5000),
        *(
            "Bearer T0ken",
            "Bearer ",
            "Bearer t0ken, Basic x",
            "Basic !!!",
            "Basic",
            "Digest username=prometheus",
            "",
            None,
        ),
    ]
    known = {"/": 200, "/metrics": 200, "/-/reload": 405, "/nothing": 404}
    with serving(secured(tmp_path, f"basic_auth_users: {{prometheus: {HASHED}}}", TOKEN)) as url:
        for authorization in (*allowed, *refused):
            found = {path: status(f"{url}{path}", authorization) for path in PATHS}
            expected = known if authorization in allowed else dict.fromkeys(known, 401)
            assert found == {**expected, "/-/healthy": 503, "/-/ready": 503}, authorization
            reloaded = status(f"{url}/-/reload", authorization, "POST")
            assert reloaded == (200 if authorization in allowed else 401)


def test_health_tells_strangers_no_reason(tmp_path: Path) -> None:
    """An orchestrator needs no password for the state; names of databases and jobs are for readers only."""
    with serving(secured(tmp_path, token=TOKEN)) as url:
        told = [
            urllib3.request("GET", f"{url}/-/{path}", headers=headers).data.decode()
            for headers in ({}, {"authorization": "Bearer t0ken"})
            for path in ("healthy", "ready")
        ]
    assert told == [
        "basewatch is not healthy\n",
        "basewatch is not ready\n",
        "basewatch is not healthy: the job `poll main` does not end\n",
        "basewatch is not ready: waiting for the database of a tenant\n",
    ]


def test_a_401_says_what_is_accepted(tmp_path: Path) -> None:
    """Browsers and scrapers learn which scheme to use, and configured headers are on every response."""
    text = "http_server_config: {headers: {X-Frame-Options: deny}}"
    with serving(secured(tmp_path, f"basic_auth_users: {{a: {HASHED}}}\n{text}")) as url:
        refused = urllib3.request("GET", f"{url}/metrics")
    assert refused.headers["www-authenticate"] == 'Basic realm="basewatch", charset="UTF-8"'
    assert refused.headers["x-frame-options"] == "deny"


def test_reloading_is_off_unless_enabled_and_for_no_other_site() -> None:
    """POST is refused by default, and from a page of another site always."""
    page = ServedPage(shown())
    with running(app(page, lambda: "")) as url:
        assert urllib3.request("POST", f"{url}/-/reload").status == 403
    with running(app(page, lambda: "", reload=reload)) as url:
        assert urllib3.request("PUT", f"{url}/-/reload", headers={"origin": url}).data == b"reloaded\n"
        assert urllib3.request("POST", f"{url}/-/reload", headers={"origin": "http://evil.example"}).status == 403


def test_a_token_changes_with_a_reload(tmp_path: Path) -> None:
    """The new one is accepted and the old one is not; users stay."""
    security = secured(tmp_path, f"basic_auth_users: {{a: {HASHED}}}", TOKEN)
    with serving(security) as url:
        security.use_token(Secret("env:TOKEN", "new"))
        given = ("Bearer t0ken", "Bearer new", basic("a", "s3cret"))
        assert [status(f"{url}/metrics", each) for each in given] == [401, 200, 200]


def test_users_change_without_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A changed file is in force at the next request; one that is broken changes nothing."""
    with serving(secured(tmp_path, f"basic_auth_users: {{a: {HASHED}}}")) as url:
        assert status(f"{url}/metrics", basic("a", "s3cret")) == 200
        (tmp_path / "web.yml").write_text(f"basic_auth_users: {{a: {OTHER}, b: {HTPASSWD}}}", encoding="utf-8")
        tried = [("a", "s3cret"), ("a", "0ther"), ("b", "s3cret")]
        # The prefixes of bcrypt mean the same algorithm; `htpasswd` writes 2y.
        assert [status(f"{url}/metrics", basic(*each)) for each in tried] == [401, 200, 200]
        (tmp_path / "web.yml").write_text("basic_auth_users: {a: plain}", encoding="utf-8")
        assert [status(f"{url}/metrics", basic(*each)) for each in tried] == [401, 200, 200]
    assert "the web configuration cannot be used, the earlier one stays in use" in caplog.text


def certificate(folder: Path, name: str, password: bytes | None = None) -> None:
    """A self-signed certificate of this name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "server.crt").write_bytes(signed.public_bytes(pem))
    (folder / "server.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, hidden))


def presented(url: str) -> str:
    """The name in the certificate that the server presents."""
    host, _, port = url.removeprefix("https://").rpartition(":")
    found = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())
    return found.subject.rfc4514_string()


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key%s}"


def test_a_renewed_certificate_is_presented_at_the_next_handshake(tmp_path: Path) -> None:
    """A half-renewed pair changes nothing: the certificate before it stays, until both files fit."""
    certificate(tmp_path, "old")
    with serving(secured(tmp_path, TLS % "")) as url:
        assert presented(url) == "CN=old"
        assert status(f"{url}/metrics") == 200
        key = (tmp_path / "server.key").read_bytes()
        certificate(tmp_path, "new")
        renewed = (tmp_path / "server.key").read_bytes()
        (tmp_path / "server.key").write_bytes(key)
        assert presented(url) == "CN=old"
        (tmp_path / "server.key").write_bytes(renewed)
        assert presented(url) == "CN=new"
        with pytest.raises(urllib3.exceptions.ProtocolError):
            status(url.replace("https:", "http:"))


def test_a_client_certificate_can_be_required(tmp_path: Path) -> None:
    """Without one signed by the authority the handshake fails; with it, no password is needed."""
    certificate(tmp_path, "localhost")
    required = ", client_ca_file: server.crt, client_auth_type: RequireAndVerifyClientCert"
    security = secured(tmp_path, TLS % required)
    assert security.protected
    with serving(security) as url:
        with pytest.raises(urllib3.exceptions.HTTPError):
            status(f"{url}/metrics")
        pool = urllib3.PoolManager(
            retries=False,
            cert_reqs="CERT_NONE",
            headers={"connection": "close"},
            cert_file=str(tmp_path / "server.crt"),
            key_file=str(tmp_path / "server.key"),
        )
        assert pool.request("GET", f"{url}/metrics").status == 200


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    """With `min_version: TLS13`, a client of TLS 1.2 gets no connection; suites of TLS 1.2 may be chosen."""
    certificate(tmp_path, "localhost")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    pool = urllib3.PoolManager(retries=False, ssl_context=client, headers={"connection": "close"})
    with serving(secured(tmp_path, TLS % ", min_version: TLS13")) as url, pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", url)
    suite = ", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]"
    with serving(secured(tmp_path, TLS % suite)) as url:
        assert pool.request("GET", url).status == 200


UNUSABLE: list[tuple[str, str | bytes | None, str]] = [
    ("server.key", None, "server.key cannot be read: No such file"),
    ("server.crt", "garbage", "are not a certificate and its key"),
    ("web.yml", None, "the web configuration cannot be read: No such file"),
    ("web.yml", b"\xff\xff", "it is not UTF-8 text"),
    ("web.yml", TLS % ", client_ca_file: x", "need each other"),
    ("web.yml", "basic_auth_users: {a: hunter2}", "not a password hashed with bcrypt"),
    ("web.yml", "tls_server: {}", "there is no key 'tls_server' here"),
    (
        "web.yml",
        f"basic_auth_users: {{a: {HASHED.replace('$04$', '$31$')}}}",
        "a check at bcrypt's cost 31 takes too long",
    ),
]


@pytest.mark.parametrize(("file", "content", "words"), UNUSABLE, ids=[words for _, _, words in UNUSABLE])
def test_what_cannot_be_read_stops_the_start_in_a_sentence(
    tmp_path: Path, file: str, content: str | bytes | None, words: str
) -> None:
    """It names the file and what is wrong, and repeats no secret."""
    certificate(tmp_path, "localhost")
    (tmp_path / "web.yml").write_text(TLS % "", encoding="utf-8")
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BasewatchError, match=words) as error:
        WebSecurity(tmp_path / "web.yml", None)
    assert "hunter2" not in str(error.value)


def test_a_key_with_a_password_is_refused(tmp_path: Path) -> None:
    """OpenSSL would ask for it on the terminal."""
    certificate(tmp_path, "localhost", b"hidden")
    with pytest.raises(BasewatchError, match="without a password"):
        secured(tmp_path, TLS % "")


def test_an_empty_file_protects_nothing(tmp_path: Path) -> None:
    """As with Prometheus' exporters, it is no mistake; neither is a section whose lines are all commented out."""
    assert not secured(tmp_path).protected
    assert not secured(tmp_path, "basic_auth_users:\ntls_server_config:\n").protected
