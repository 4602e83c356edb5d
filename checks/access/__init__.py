"""Checks of who may do what: call an API and how often, act in an AWS account, and read a bucket."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.access import (
    administrators,
    authorizer,
    break_glass,
    bucket_strangers,
    cluster_network,
    env_secrets,
    function_role,
    function_strangers,
    public_block,
    rate_limit,
    rate_limit_tried,
    root_user,
    token,
    trusts,
    user_credentials,
)

CHECKS: tuple[AnyCheck, ...] = (
    authorizer.every_route_is_authorized,
    rate_limit.requests_are_limited,
    administrators.only_declared_administrators,
    break_glass.break_glass_needs_mfa,
    trusts.no_role_trusts_strangers,
    token.tokens_are_as_promised,
    rate_limit_tried.a_fast_customer_is_stopped,
    public_block.public_access_is_blocked,
    bucket_strangers.nobody_else_gets_in,
    root_user.root_is_secured,
    user_credentials.credentials_are_kept,
    function_role.role_is_not_broad,
    cluster_network.nobody_outside_connects,
    env_secrets.no_variable_is_a_secret,
    function_strangers.nobody_else_invokes,
)
