"""Checks of encryption: keys, secrets, data at rest under the promised key, and connections under TLS."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.encryption import (
    aurora_keys,
    bucket_keys,
    bucket_tls,
    key_policy,
    key_rotation,
    proxy_tls,
    secret_rotation,
    service_keys,
    table_keys,
)

CHECKS: tuple[AnyCheck, ...] = (
    aurora_keys.cluster_keys_can_be_used,
    table_keys.table_keys_can_be_used,
    bucket_keys.audit_keys_can_be_used,
    bucket_keys.dump_keys_can_be_used,
    service_keys.vault_keys_can_be_used,
    service_keys.secret_keys_can_be_used,
    service_keys.function_keys_can_be_used,
    service_keys.queue_keys_can_be_used,
    key_policy.key_is_closed_to_strangers,
    key_rotation.key_rotates,
    secret_rotation.secret_rotates,
    proxy_tls.proxy_requires_tls,
    bucket_tls.bucket_refuses_http,
)
