"""Corrections of moto where it differs from AWS in what the checks read; those of larger services have own modules."""

from __future__ import annotations

import json

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths

from demo import moto_api_gateway, moto_dynamodb, moto_kms, moto_rds, moto_s3

CONCURRENCY_QUOTA = 1000
"""The default quota of a new account. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def install() -> None:
    """Install every patch; a second installation changes nothing."""
    moto_api_gateway.install()
    moto_rds.install()
    moto_kms.install()
    moto_dynamodb.install()
    moto_s3.install()
    patch_account_settings()


def patch_account_settings() -> None:
    """Lambda's GetAccountSettings returns the concurrency quota; moto does not implement it."""
    url_paths["{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch
    LambdaResponse.get_account_settings = _account_settings  # type: ignore[attr-defined]  # moto has no such method


def _account_settings(_response: LambdaResponse) -> str:
    limit = {"ConcurrentExecutions": CONCURRENCY_QUOTA, "UnreservedConcurrentExecutions": CONCURRENCY_QUOTA}
    return json.dumps({"AccountLimit": limit})
