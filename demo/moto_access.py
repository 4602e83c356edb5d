"""Access control in front of the emulated AWS: it denies or throttles chosen IAM actions with the service's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, assert_never

from basewatch.aws.actions import iam_action
from demo.moto_operations import Operation, form_body, identify
from demo.service_errors import error_body, has_short_codes

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_RETENTION_HEADERS = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")


class Refusal(Enum):
    """The kind of error that a refused call gets."""

    DENIED = "denied"
    THROTTLED = "throttled"


class AccessMiddleware:
    """WSGI middleware that refuses the actions of its rules to every caller except `exempt`, an access key id.

    `before_request` is called before each request; it does the work of scheduled jobs that are due.
    """

    def __init__(self, app: Wsgi, *, exempt: str) -> None:
        self.before_request: Callable[[], None] = lambda: None
        self._app = app
        self._exempt = exempt
        self._rules: dict[str, Refusal] = {}

    def refuse(self, pattern: str, refusal: Refusal) -> None:
        """Refuse every operation whose IAM action matches, such as `rds:DescribeDBClusters` or `s3:*`."""
        self._rules = {**self._rules, pattern: refusal}

    def allow(self, *patterns: str) -> None:
        """Remove these rules, or all rules when none is given."""
        self._rules = {name: rule for name, rule in self._rules.items() if patterns and name not in patterns}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on to moto, or answer it with the error of AWS."""
        self.before_request()
        operation = identify(environ, form_body(environ)) if self._rules else None
        if operation is None or operation.caller == self._exempt:
            return self._app(environ, start_response)
        refusal = self._refusal(required_action(operation))
        if refusal is None:
            return self._app(environ, self._without_lock(operation, start_response))
        status, headers, body = error_response(operation, refusal)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [b"" if operation.method == "HEAD" else body]

    def _refusal(self, action: str) -> Refusal | None:
        return next((rule for pattern, rule in self._rules.items() if fnmatchcase(action, pattern)), None)

    def _without_lock(self, operation: Operation, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Omit the lock from an object's headers for a caller without s3:GetObjectRetention, as S3 does.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, x-amz-object-lock-mode
        """
        if str(operation) not in ("s3:HeadObject", "s3:GetObject") or not self._refusal("s3:GetObjectRetention"):
            return start_response

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            visible = [header for header in headers if header[0].lower() not in _RETENTION_HEADERS]
            return start_response(status, visible, *rest)

        return start


def required_action(operation: Operation) -> str:
    """The IAM action that grants the operation."""
    return iam_action(operation.service, operation.name, {"VersionId": ""} if operation.has_version_id else None)


def error_response(operation: Operation, refusal: Refusal) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status, headers and body of the service's error, in its own protocol."""
    match refusal:
        case Refusal.DENIED:
            status, code = _denied_code(operation)
            action = required_action(operation)
            message = f"not authorized to perform: {action} because no identity-based policy allows the {action} action"
        case Refusal.THROTTLED:
            status, code = _throttled_code(operation)
            message = "Rate exceeded"
        case _:
            assert_never(refusal)
    headers, body = error_body(operation, code, message)
    return status, headers, body


# The HTTP status and error code of a refusal, by the common errors in the API reference of each service.


def _denied_code(operation: Operation) -> tuple[str, str]:
    if has_short_codes(operation):
        return "403 Forbidden", "AccessDenied"
    return "403 Forbidden" if operation.protocol == "rest-json" else "400 Bad Request", "AccessDeniedException"


def _throttled_code(operation: Operation) -> tuple[str, str]:
    if operation.service == "s3":
        return "503 Slow Down", "SlowDown"
    if operation.service in ("lambda", "apigateway"):
        return "429 Too Many Requests", "TooManyRequestsException"
    return "400 Bad Request", "Throttling" if has_short_codes(operation) else "ThrottlingException"
