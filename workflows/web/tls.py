"""TLS of the web server, from files that are read again when they change."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from basewatch.config.web import TlsServer
from basewatch.errors import BasewatchError

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_CERTIFICATES = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# The names of TLS 1.2 suites in OpenSSL. Those of TLS 1.3 are always offered, as Go does.
_CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}


def server_context(tls: TlsServer, folder: Path) -> ssl.SSLContext:
    """The context of these settings; their paths start at `folder`. Raises: BasewatchError, naming the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = _VERSIONS[tls.min_version], _VERSIONS[tls.max_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if tls.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    if names := [_CIPHERS[name] for name in tls.cipher_suites if name in _CIPHERS]:
        context.set_ciphers(":".join(names))
    certificate, key = folder / tls.cert_file, folder / tls.key_file
    for file in (certificate, key):
        _require_readable(file)
    try:
        # An encrypted key would ask for its password on the terminal.
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise BasewatchError(
            f"TLS: {certificate} and {key} are not a certificate and its key without a password: {_reason(error)}"
        ) from None
    context.verify_mode = _CLIENT_CERTIFICATES[tls.client_auth_type]
    if tls.client_ca_file:
        authority = folder / tls.client_ca_file
        _require_readable(authority)
        try:
            context.load_verify_locations(authority)
        except ssl.SSLError as error:
            raise BasewatchError(f"TLS: {authority} has no certificate of an authority: {_reason(error)}") from None
    return context


class RenewedContext(ssl.SSLContext):
    """A context that hands each new connection to the context that is current then."""

    current: Callable[[], ssl.SSLContext]

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """One connection, by the current files."""
        return self.current().wrap_bio(*arguments, **options)


def renewed_context(current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """A context for a server; `current` is asked at each handshake."""
    context = RenewedContext(ssl.PROTOCOL_TLS_SERVER)
    context.current = current
    return context


def _require_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise BasewatchError(f"TLS: {file} cannot be read: {error.strerror}") from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
