"""Checks of what everybody outside sees: whether an endpoint answers, how fast, and how it is protected."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.endpoint import cors, headers, https_only, latency, status, tls

CHECKS: tuple[AnyCheck, ...] = (
    status.endpoint_answers,
    latency.endpoint_is_fast,
    tls.old_tls_is_refused,
    tls.certificate_is_believed,
    https_only.nothing_without_tls,
    headers.headers_protect,
    cors.only_declared_origins_may_read,
)
