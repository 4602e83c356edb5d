"""HTTPS as a stranger to the platform speaks it: bounded requests to one declared URL, and the handshakes of TLS."""

from __future__ import annotations

from basewatch.http.answers import HttpAnswer, NoAnswer, Unanswered
from basewatch.http.client import HttpClient

__all__ = ["HttpAnswer", "HttpClient", "NoAnswer", "Unanswered"]
