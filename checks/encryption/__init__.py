"""Checks of encryption: data at rest under the promised key, and connections under TLS."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.encryption import proxy_tls, storage_key

CHECKS: tuple[AnyCheck, ...] = (storage_key.encrypted_with_promised_key, proxy_tls.proxy_requires_tls)
