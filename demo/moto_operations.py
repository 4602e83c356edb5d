"""Identifies the AWS operation of a request, from its signature, path, headers and body."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import ServiceModel

# Where the name a request is signed for is not the service's name.
_SIGNED_AS = {
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "access-analyzer": "accessanalyzer",
}
# S3 Control signs for S3, and its paths begin with the version of its API.
_S3_CONTROL = "/v20180820/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: service, operation name, protocol, HTTP method, the caller's access key id, and if it has a version."""

    service: str
    name: str
    protocol: str
    method: str
    caller: str
    has_version_id: bool = False

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


def identify(environ: Mapping[str, Any], body: bytes) -> Operation | None:
    """The operation of a signed WSGI request; None for an unsigned one."""
    signature = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    if signature is None:
        return None
    service = _SIGNED_AS.get(signature[2], signature[2])
    if service == "s3" and str(environ["PATH_INFO"]).startswith(_S3_CONTROL):
        service = "s3control"
    method = str(environ["REQUEST_METHOD"])
    name, protocol = _named(environ, body) or _matched(service, environ)
    return Operation(
        service=service,
        name=name,
        protocol=protocol,
        method=method,
        caller=signature[1],
        has_version_id="versionId=" in environ.get("QUERY_STRING", ""),
    )


def form_body(environ: dict[str, Any]) -> bytes:
    """The body of a form request; it is stored again, so that moto can read it."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return b""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def path_parameters(operation: Operation, path: str) -> Mapping[str, str]:
    """The parameters in the path of a REST request, by their names in the path's template."""
    template = str(service_model(operation.service).operation_model(operation.name).http["requestUri"])
    template = template.partition("?")[0].rstrip("/") or "/"
    names = [name.rstrip("+") for name in re.findall(r"\{([^}]+)\}", template)]
    found = re.fullmatch(_pattern(template), path.rstrip("/") or "/")
    return dict(zip(names, found.groups(), strict=True)) if found else {}


def _named(environ: Mapping[str, Any], body: bytes) -> tuple[str, str] | None:
    """The operation and the protocol, where the request has its name: in a header, a form or the path."""
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return target.rpartition(".")[2], "json"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return str(environ["PATH_INFO"]).rpartition("/")[2], "cbor"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode()).get("Action", [""])[0], "query"
    return None


def _matched(service: str, environ: Mapping[str, Any]) -> tuple[str, str]:
    """The operation of a REST service that matches method, path and query best, and the protocol."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    fits = (
        (route.weight, route.name)
        for route in _routes(service)
        if route.method == environ["REQUEST_METHOD"] and route.fits(str(environ["PATH_INFO"]), query, environ)
    )
    # Among equal matches, the first by name, in the order of botocore.
    best = max(fits, key=lambda fit: fit[0], default=(0, ""))
    return best[1], "rest-xml" if service in ("s3", "s3control") else "rest-json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """The HTTP request of one operation of a REST service."""

    name: str
    method: str
    path: re.Pattern[str]
    literals: tuple[tuple[str, str], ...]
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]

    @property
    def weight(self) -> int:
        return len(self.literals) + len(self.required_query) + len(self.required_headers)

    def fits(self, path: str, query: Mapping[str, list[str]], environ: Mapping[str, Any]) -> bool:
        return (
            self.path.fullmatch(path.rstrip("/") or "/") is not None
            and all(key in query and (not value or value in query[key]) for key, value in self.literals)
            and all(key in query for key in self.required_query)
            and all(header in environ for header in self.required_headers)
        )


@cache
def service_model(service: str) -> Any:
    """Botocore's model of the service, or None when it knows no such service."""
    try:
        # A loader of its own: an S3 client removes the bucket from the paths of the model that it loaded.
        description = create_loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return None
    return ServiceModel(description, service_name=service)


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = service_model(service)
    operations = [model.operation_model(name) for name in model.operation_names] if model else []
    return tuple(_route(operation) for operation in operations if not operation.deprecated)


def _route(operation: Any) -> _Route:
    template, _, literal = str(operation.http["requestUri"]).partition("?")
    shape = operation.input_shape
    wire = [shape.members[name].serialization for name in shape.required_members] if shape else []
    return _Route(
        name=operation.name,
        method=operation.http["method"],
        path=re.compile(_pattern(template.rstrip("/") or "/")),
        literals=tuple((key, value) for key, _, value in (part.partition("=") for part in literal.split("&")) if key),
        required_query=tuple(part["name"] for part in wire if part.get("location") == "querystring"),
        required_headers=tuple(
            "HTTP_" + part["name"].upper().replace("-", "_") for part in wire if part.get("location") == "header"
        ),
    )


def _pattern(template: str) -> str:
    """The path template as a regular expression: `{Name}` is one segment, `{Name+}` any number of segments."""
    pieces = re.split(r"(\{[^}]+\})", template)
    return "".join(_segment(piece) if piece.startswith("{") else re.escape(piece) for piece in pieces)


def _segment(parameter: str) -> str:
    return "(.+)" if parameter.endswith("+}") else "([^/]+)"
