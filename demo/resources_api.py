"""The REST API: four routes, an authorizer, a stage, and a usage plan per customer."""

from __future__ import annotations

from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext

# Only the login route needs no token.
ROUTES = (
    ("POST", "/auth/authenticate", "auth-v2", "NONE"),
    ("GET", "/invoices", "billing-worker", "CUSTOM"),
    ("GET", "/metrics", "metrics-aggregation", "CUSTOM"),
    ("POST", "/api-keys", "auth-v2", "CUSTOM"),
)
STAGE = "prod"
# API Gateway limits requests per second: 1,000 per minute, with a burst of one minute.
_REQUESTS_PER_SECOND = 1000 / 60
_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/apigateway/{PREFIX}"


def create(context: BuildContext) -> None:
    """Create a regional API with four routes, a Lambda authorizer, access logs, and 1,000 requests per minute."""
    api, logs = context.client("apigateway"), context.client("logs")
    rest = api.create_rest_api(name=PREFIX, endpointConfiguration={"types": ["REGIONAL"]})["id"]
    authorizer = api.create_authorizer(
        restApiId=rest,
        name=f"{PREFIX}-jwt",
        type="TOKEN",
        authorizerUri=_uri("auth-v2"),
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=300,
    )["id"]
    resources = {"": api.get_resources(restApiId=rest)["items"][0]["id"]}
    for verb, path, function, authorization in ROUTES:
        resource = _resource(api, rest, resources, path)
        caller = {"authorizerId": authorizer} if authorization == "CUSTOM" else {}
        api.put_method(
            restApiId=rest,
            resourceId=resource,
            httpMethod=verb,
            authorizationType=authorization,
            # The usage plan limits each customer by the API key.
            apiKeyRequired=authorization != "NONE",
            **caller,
        )
        api.put_integration(
            restApiId=rest,
            resourceId=resource,
            httpMethod=verb,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=_uri(function),
        )
    for group in (f"/aws/apigateway/{PREFIX}", f"API-Gateway-Execution-Logs_{rest}/{STAGE}"):
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    _deploy(api, rest)


def _resource(api: Any, rest: str, resources: dict[str, str], path: str) -> str:
    """The id of the resource at `path`; it and its parents are created if they do not exist."""
    if path not in resources:
        parent, _, part = path.rpartition("/")
        parent_id = _resource(api, rest, resources, parent)
        resources[path] = api.create_resource(restApiId=rest, parentId=parent_id, pathPart=part)["id"]
    return resources[path]


def _deploy(api: Any, rest: str) -> None:
    deployment = api.create_deployment(restApiId=rest)["id"]
    api.create_stage(restApiId=rest, stageName=STAGE, deploymentId=deployment, tracingEnabled=True)
    settings = {
        "/accessLogSettings/destinationArn": _LOGS,
        "/accessLogSettings/format": "$context.requestId $context.status $context.responseLatency",
        "/*/*/metrics/enabled": "true",
        "/*/*/logging/loglevel": "ERROR",
        # The login needs no API key, so that no usage plan limits it.
        "/~1auth~1authenticate/POST/throttling/rateLimit": str(_REQUESTS_PER_SECOND),
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    api.update_stage(restApiId=rest, stageName=STAGE, patchOperations=operations)
    api.create_usage_plan(
        name=f"{PREFIX}-customer",
        apiStages=[{"apiId": rest, "stage": STAGE}],
        throttle={"rateLimit": _REQUESTS_PER_SECOND, "burstLimit": 1000},
    )


def _uri(function: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-{function}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
