"""The contexts of TLS: one that checks certificates as clients do, and those that offer old versions."""

from __future__ import annotations

import ssl
from functools import cache, lru_cache
from pathlib import Path

import certifi

from basewatch.errors import ObservationError
from basewatch.model import Reason

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
"""The versions of TLS, the oldest first."""
_ANYTHING = "ALL:@SECLEVEL=0"
# Without a certificate on either side, so that two contexts of this process can try a version with each other.
_ANONYMOUS = "aNULL:@SECLEVEL=0"
_ROUNDS = 8


def strict_context(ca_file: str) -> ssl.SSLContext:
    """Checks the chain and the name against Mozilla's, the machine's and our own authorities in `ca_file`.

    Raises: ObservationError, when the file cannot be read.
    """
    try:
        changed = Path(ca_file).stat().st_mtime_ns if ca_file else 0
        return _strict_context(ca_file, changed)
    except (OSError, ssl.SSLError) as error:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the certificates of SSL_CERT_FILE cannot be read: {error}",
            remedy="Let SSL_CERT_FILE name a readable file of certificates in PEM, or unset it.",
        ) from None


@lru_cache(maxsize=4)
def _strict_context(ca_file: str, _changed: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    # What is known only to be expired, of another name or weak is told apart later; the handshake itself may be old.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@cache
def lenient_context() -> ssl.SSLContext:
    """Believes every certificate and speaks every version: for looking at what is broken, never for a secret."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, _ANYTHING, ssl.TLSVersion.MINIMUM_SUPPORTED)


@cache
def context_of(version: str) -> ssl.SSLContext:
    """Offers one version of TLS alone, and believes every certificate."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, _ANYTHING, VERSIONS[version], VERSIONS[version])


def _context(
    side: int, ciphers: str, lowest: ssl.TLSVersion, highest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(ciphers)
    return context


@cache
def can_offer(version: str) -> bool:
    """Whether this machine's OpenSSL speaks the version at all: two contexts in this process try it."""
    try:
        sides = [
            _context(side, _ANONYMOUS, VERSIONS[version], VERSIONS[version])
            for side in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)
        ]
        back, forth = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = sides[0].wrap_bio(back, forth)
        server = sides[1].wrap_bio(forth, back, server_side=True)
        return any(_shaken(client) & _shaken(server) for _ in range(_ROUNDS))
    except (ssl.SSLError, ValueError):
        return False


def _shaken(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
