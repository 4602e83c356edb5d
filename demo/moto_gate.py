"""The gate before the emulated AWS: it refuses or slows chosen operations the way the real service would."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from demo.moto_operations import Operation, identify

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# S3 operations that are granted by an action of another name.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_S3_ACTIONS = {
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}


class Refusal(Enum):
    """Why a call is turned away."""

    DENIED = "denied"
    THROTTLED = "throttled"


class Gate:
    """WSGI middleware: an operation that a rule names is refused, for everybody but `exempt`, an access key id."""

    def __init__(self, app: Wsgi, *, exempt: str) -> None:
        self._app = app
        self._exempt = exempt
        self._rules: dict[str, Refusal] = {}

    def refuse(self, pattern: str, refusal: Refusal) -> None:
        """Refuse every operation or IAM action that fits, such as `rds:DescribeDBClusters` or `s3:*`."""
        self._rules = {**self._rules, pattern: refusal}

    def allow(self, *patterns: str) -> None:
        """Take back these rules; with none named, all of them."""
        self._rules = {name: why for name, why in self._rules.items() if patterns and name not in patterns}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on to moto, or answer it with the error that AWS would give."""
        operation = identify(environ, _body(environ)) if self._rules else None
        refusal = self._refusal(operation) if operation else None
        if operation is None or refusal is None:
            return self._app(environ, start_response)
        status, headers, body = answer(operation, refusal)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [b"" if operation.method == "HEAD" else body]

    def _refusal(self, operation: Operation) -> Refusal | None:
        if operation.caller == self._exempt:
            return None
        names = (str(operation), action_of(operation))
        rules = self._rules.items()
        return next((why for pattern, why in rules if any(fnmatchcase(name, pattern) for name in names)), None)


def action_of(operation: Operation) -> str:
    """The IAM action that grants the operation."""
    name = _S3_ACTIONS.get(operation.name, operation.name) if operation.service == "s3" else operation.name
    return f"{operation.service}:{name}"


def answer(operation: Operation, refusal: Refusal) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status, headers and body with which the service refuses, in its own protocol."""
    status, code = _code(operation, refusal)
    message = "Rate exceeded"
    if refusal is Refusal.DENIED:
        action = action_of(operation)
        message = f"not authorized to perform: {action} because no identity-based policy allows the {action} action"
    if operation.protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>demo</RequestId></ErrorResponse>"
        )
        return status, [("Content-Type", "text/xml")], body.encode()
    if operation.protocol == "rest-xml":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>demo</RequestId></Error>"
        return status, [("Content-Type", "application/xml")], body.encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    if operation.service == "cloudwatch":
        # A service that once spoke the query protocol still gives its old error codes, in this header.
        headers.append(("x-amzn-query-error", f"{code};Sender"))
    return status, headers, json.dumps({"__type": code, "message": message, "Message": message}).encode()


def _code(operation: Operation, refusal: Refusal) -> tuple[str, str]:
    """The HTTP status and error code, as the common errors of each service's API reference list them."""
    forbidden, bad, many = "403 Forbidden", "400 Bad Request", "429 Too Many Requests"
    if operation.protocol in ("query", "rest-xml") or operation.service == "cloudwatch":
        if refusal is Refusal.DENIED:
            return forbidden, "AccessDenied"
        return ("503 Slow Down", "SlowDown") if operation.service == "s3" else (bad, "Throttling")
    if refusal is Refusal.DENIED:
        return (forbidden if operation.protocol == "rest-json" else bad), "AccessDeniedException"
    slow = operation.service in ("lambda", "apigateway")
    return (many, "TooManyRequestsException") if slow else (bad, "ThrottlingException")


def _body(environ: dict[str, Any]) -> bytes:
    """The request's body, put back so that moto can read it again."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return b""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
