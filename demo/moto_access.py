"""The gate before the emulated AWS: it refuses or slows chosen operations the way the real service would."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from basewatch.aws.actions import iam_action
from demo.moto_operations import Operation, identify

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_OF_RETENTION = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")


class Refusal(Enum):
    """Why a call is turned away."""

    DENIED = "denied"
    THROTTLED = "throttled"


class AccessMiddleware:
    """WSGI middleware: an action that a rule names is refused to everybody but `exempt`, an access key id.

    `before_request` is called before each request, for what happens by itself while the account is not looked at.
    """

    def __init__(self, app: Wsgi, *, exempt: str) -> None:
        self.before_request: Callable[[], None] = lambda: None
        self._app = app
        self._exempt = exempt
        self._rules: dict[str, Refusal] = {}

    def refuse(self, pattern: str, refusal: Refusal) -> None:
        """Refuse every operation whose IAM action fits, such as `rds:DescribeDBClusters` or `s3:*`."""
        self._rules = {**self._rules, pattern: refusal}

    def allow(self, *patterns: str) -> None:
        """Take back these rules; with none named, all of them."""
        self._rules = {name: why for name, why in self._rules.items() if patterns and name not in patterns}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on to moto, or answer it with the error that AWS would give."""
        self.before_request()
        operation = identify(environ, _body(environ)) if self._rules else None
        if operation is None or operation.caller == self._exempt:
            return self._app(environ, start_response)
        refusal = self._refusal(required_action(operation))
        if refusal is None:
            return self._app(environ, self._blinded(operation, start_response))
        status, headers, body = error_response(operation, refusal)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [b"" if operation.method == "HEAD" else body]

    def _refusal(self, action: str) -> Refusal | None:
        return next((why for pattern, why in self._rules.items() if fnmatchcase(action, pattern)), None)

    def _blinded(self, operation: Operation, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Leave the lock out of an object's headers for who may not read it: absent says nothing of the object.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, x-amz-object-lock-mode
        """
        if str(operation) not in ("s3:HeadObject", "s3:GetObject") or not self._refusal("s3:GetObjectRetention"):
            return start_response

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            seen = [header for header in headers if header[0].lower() not in _OF_RETENTION]
            return start_response(status, seen, *rest)

        return start


def required_action(operation: Operation) -> str:
    """The IAM action that grants the operation."""
    return iam_action(operation.service, operation.name, {"VersionId": ""} if operation.has_version_id else None)


def error_response(operation: Operation, refusal: Refusal) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status, headers and body with which the service refuses, in its own protocol."""
    status, code = _code(operation, refusal)
    message = "Rate exceeded"
    if refusal is Refusal.DENIED:
        action = required_action(operation)
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
