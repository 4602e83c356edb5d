"""A real SMTP server on this machine, with a certificate, STARTTLS and a login."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.alerts.test_slack import free_port

USERNAME, PASSWORD = "basewatch", "hunter2-of-the-mail"


@dataclass(slots=True)
class Mailbox:
    """What the server has accepted, and what it is to answer instead: by address, or to the text itself."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    answer: str = "250 OK"

    async def handle_RCPT(  # noqa: N802  # the name that aiosmtpd looks for
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Takes an address, or answers what the test says."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802  # see above
        """Takes a mail, or answers what the test says."""
        if self.answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            assert max(map(len, envelope.content.splitlines())) <= 998
            parsed = message_from_bytes(envelope.content, policy=default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.envelopes.append(envelope)
        return self.answer


@contextmanager
def a_mail_server(certificate: Path, *, implicit: bool = False, login: bool = True) -> Iterator[Mailbox]:
    """A server that speaks TLS with this certificate: at once, or after STARTTLS, before which it takes nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    mailbox = Mailbox(port=free_port())

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, pair: Any) -> AuthResult:
        assert isinstance(pair, LoginPassword)
        return AuthResult(success=(pair.login, pair.password) == (USERNAME.encode(), PASSWORD.encode()), handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=not implicit,
        authenticator=known,
        auth_required=login,
        auth_require_tls=not implicit,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def write_certificate(folder: Path) -> Path:
    """A file with a key and its self-signed certificate for 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
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
    path = folder / "both.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path
