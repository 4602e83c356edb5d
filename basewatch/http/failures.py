"""Tells where a request ended from what the network libraries raise."""

from __future__ import annotations

import errno
import socket
import ssl

import httpcore

from basewatch.http.answers import NoAnswer, Unanswered

_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
_CHAIN = 8
_CUT = Unanswered(where=NoAnswer.CUT, detail="it cut the connection off")
_CUT_WORDS = ("disconnected", "without sending", "peer closed")


def unanswered(error: BaseException) -> Unanswered:
    """Where the request ended, in words without its URL."""
    cause = _cause(error)
    if isinstance(cause, socket.gaierror):
        return Unanswered(where=NoAnswer.NAME, detail="its name has no address")
    if isinstance(cause, ConnectionRefusedError):
        return Unanswered(where=NoAnswer.REFUSED, detail="it refused the connection")
    if isinstance(cause, _ENDED):
        return _CUT
    if isinstance(cause, ssl.SSLError):
        return Unanswered(where=NoAnswer.TLS, detail=f"the TLS handshake failed: {tls_words(cause)}")
    return _of_library(error, cause)


def _of_library(error: BaseException, cause: BaseException) -> Unanswered:
    if isinstance(error, httpcore.ConnectTimeout) or getattr(cause, "errno", None) == errno.ETIMEDOUT:
        return Unanswered(where=NoAnswer.CONNECT, detail="no connection in time")
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return Unanswered(where=NoAnswer.LATE, detail="no whole answer in time")
    if isinstance(error, httpcore.RemoteProtocolError) and not any(words in str(error) for words in _CUT_WORDS):
        return Unanswered(where=NoAnswer.MALFORMED, detail="what it answered is no HTTP")
    if isinstance(error, httpcore.ReadError | httpcore.WriteError | httpcore.RemoteProtocolError):
        return _CUT
    return Unanswered(where=NoAnswer.CONNECT, detail=f"no connection: {_words(cause)}")


def tls_words(error: ssl.SSLError) -> str:
    """What OpenSSL says, without the line of its source."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "no reason").lower().replace("_", " ")


def _words(cause: BaseException) -> str:
    return (cause.strerror or "no reason") if isinstance(cause, OSError) else type(cause).__name__


def _cause(error: BaseException) -> BaseException:
    """The error of the operating system or of OpenSSL at the bottom of a chain."""
    for _ in range(_CHAIN):
        below = error.__cause__ or error.__context__
        if below is None:
            break
        error = below
    return error
