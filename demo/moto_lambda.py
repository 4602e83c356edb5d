"""What moto leaves out of Lambda: how many functions of an account may run at once."""

from __future__ import annotations

import json

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths

CONCURRENCY = 1000
"""What AWS grants an account at first. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def _account_settings(_response: LambdaResponse) -> str:
    """GetAccountSettings' answer."""
    limit = {"ConcurrentExecutions": CONCURRENCY, "UnreservedConcurrentExecutions": CONCURRENCY}
    return json.dumps({"AccountLimit": limit})


def install() -> None:
    """Answer GetAccountSettings; again and again makes no difference."""
    url_paths["{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch
    LambdaResponse.get_account_settings = _account_settings  # type: ignore[attr-defined]  # what moto has none of
