"""One handshake of TLS: the version, the certificate, and how it ended."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from basewatch.http.answers import NoAnswer
from basewatch.http.failures import tls_words, unanswered


class Shaken(StrEnum):
    """How a handshake ended: done, the certificate was not believed, the peer refused it, or nobody answered."""

    DONE = "done"
    DISTRUSTED = "distrusted"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """How a handshake ended, in which words, and with which version; `expires` is known of believed certificates."""

    end: Shaken
    detail: str = ""
    version: str = ""
    issuer: str = ""
    expires: datetime | None = None


def shake_hands(host: str, port: int, context: ssl.SSLContext, seconds: float) -> Handshake:
    """Connects, makes the handshake and closes; it raises nothing."""
    try:
        raw = socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        return Handshake(end=Shaken.SILENT, detail=unanswered(error).detail)
    with raw:
        try:
            with context.wrap_socket(raw, server_hostname=host) as shaken:
                version = (shaken.version() or "").removeprefix("TLSv")
                certificate = shaken.getpeercert() or {}
        except ssl.SSLCertVerificationError as error:
            return Handshake(end=Shaken.DISTRUSTED, detail=tls_words(error))
        except OSError as error:
            found = unanswered(error)
            silent = found.where in (NoAnswer.LATE, NoAnswer.CONNECT)
            return Handshake(end=Shaken.SILENT if silent else Shaken.REFUSED, detail=found.detail)
    return Handshake(
        end=Shaken.DONE,
        version="1.0" if version == "1" else version,
        issuer=_issuer(certificate),
        expires=_expires(certificate),
    )


def _expires(certificate: Any) -> datetime | None:
    text = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None


def _issuer(certificate: Any) -> str:
    names = dict(pair for part in certificate.get("issuer", ()) for pair in part)
    return str(names.get("organizationName") or names.get("commonName") or "")
