"""CloudWatch is accepted only with a trusted certificate, and the operator can choose the trusted ones."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from basewatch.errors import ObservationError
from basewatch.model import Reason
from tests.collectors.cloudwatch.fake import FakeSigner, source


class EmptyCloudWatch(BaseHTTPRequestHandler):
    """A CloudWatch without data."""

    def do_POST(self) -> None:  # the name http.server looks for
        """Answers without results."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"MetricDataResults": []}')

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and its self-signed certificate for 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a company's proxy")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def url(certificate: Path) -> Iterator[str]:
    """A CloudWatch over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyCloudWatch) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_configured_certificate_is_trusted(url: str, certificate: Path) -> None:
    """Behind a TLS-inspecting proxy, trusting the proxy's certificate is enough."""
    client = source(FakeSigner(url, ca_bundle=str(certificate)))
    assert client.send(b"{}", []).results == []


def test_any_other_certificate_is_rejected(url: str) -> None:
    """A response under an untrusted certificate is rejected."""
    client = source(FakeSigner(url))
    with pytest.raises(ObservationError) as refused:
        client.send(b"{}", [])
    assert refused.value.reason is Reason.UNREACHABLE
