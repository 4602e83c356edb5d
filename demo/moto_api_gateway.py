"""A correction of moto's API Gateway: the export of a stage says how each of its methods is authorized."""

from __future__ import annotations

from typing import Any

from moto.apigateway.models import APIGatewayBackend

from demo.account import patch

_export = APIGatewayBackend.export_api
_KEY_SCHEME = "api_key"
_IAM_SCHEME = "sigv4"


def patch_export() -> None:
    """GetExport has the security of each method; moto's export has none.

    Moto keeps no copy of what was deployed, so the export is of what is configured now.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
    """
    patch(APIGatewayBackend, "export_api", _exported)


def install() -> None:
    """Install the patch; a second installation changes nothing."""
    patch_export()


def _exported(backend: APIGatewayBackend, rest_api_id: str, export_type: str) -> dict[str, Any]:
    document = _export(backend, rest_api_id, export_type)
    api = backend.get_rest_api(rest_api_id)
    paths: dict[str, dict[str, Any]] = {}
    for resource in api.resources.values():
        methods = {
            "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower(): _operation(api, method)
            for verb, method in resource.resource_methods.items()
        }
        if methods:
            paths[resource.get_path()] = methods
    return {
        "openapi": "3.0.1",
        "info": document["info"],
        "paths": paths,
        "components": {"securitySchemes": _schemes(api)},
    }


def _operation(api: Any, method: Any) -> dict[str, Any]:
    required: dict[str, list[str]] = {}
    if method.authorization_type == "AWS_IAM":
        required[_IAM_SCHEME] = []
    elif method.authorization_type != "NONE" and method.authorizer_id in api.authorizers:
        required[api.authorizers[method.authorizer_id].name] = []
    if method.api_key_required:
        required[_KEY_SCHEME] = []
    return {"responses": {}, **({"security": [required]} if required else {})}


def _schemes(api: Any) -> dict[str, Any]:
    header = {"type": "apiKey", "name": "Authorization", "in": "header"}
    schemes = {
        authorizer.name: {
            **header,
            "x-amazon-apigateway-authtype": "cognito_user_pools"
            if authorizer.type == "COGNITO_USER_POOLS"
            else "custom",
            "x-amazon-apigateway-authorizer": {"type": authorizer.type.lower()},
        }
        for authorizer in api.authorizers.values()
    }
    return {
        **schemes,
        _IAM_SCHEME: {**header, "x-amazon-apigateway-authtype": "awsSigv4"},
        _KEY_SCHEME: {"type": "apiKey", "name": "x-api-key", "in": "header"},
    }
