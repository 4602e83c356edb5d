"""Checks that a declared component exists and can serve; in metrics alone an absent one looks like an idle one."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.inventory import (
    api_gateway,
    aurora,
    backup_vaults,
    dax,
    dynamodb,
    eventbridge,
    kms_keys,
    lambda_functions,
    rds_proxy,
    secrets,
    sqs,
)

CHECKS: tuple[AnyCheck, ...] = (
    aurora.cluster_is_available,
    aurora.instances_are_available,
    rds_proxy.proxy_is_available,
    lambda_functions.function_is_active,
    api_gateway.stage_is_deployed,
    dynamodb.table_is_active,
    dax.cache_is_available,
    sqs.queue_exists,
    eventbridge.rule_is_enabled,
    backup_vaults.vault_is_available,
    kms_keys.key_is_usable,
    secrets.secret_is_available,
)
