"""Checks of encryption: keys, secrets, data at rest under the promised key, and connections under TLS."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.encryption import key_policy, key_rotation, proxy_tls, secret_rotation, storage_key

CHECKS: tuple[AnyCheck, ...] = (
    storage_key.encrypted_with_promised_key,
    key_policy.key_is_closed_to_strangers,
    key_rotation.key_rotates,
    secret_rotation.secret_rotates,
    proxy_tls.proxy_requires_tls,
)
