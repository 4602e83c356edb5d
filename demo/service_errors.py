"""The errors of AWS's services, in the protocol of each."""

from __future__ import annotations

import json

from demo.moto_operations import Operation


def error_body(operation: Operation, code: str, message: str) -> tuple[list[tuple[str, str]], bytes]:
    """The headers and the body of an error with this code."""
    if operation.protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>demo</RequestId></ErrorResponse>"
        )
        if operation.service == "ec2":
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                "<RequestID>demo</RequestID></Response>"
            )
        return [("Content-Type", "text/xml")], body.encode()
    if operation.protocol == "rest-xml":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>demo</RequestId></Error>"
        return [("Content-Type", "application/xml")], body.encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    if operation.service == "cloudwatch":
        # A service that used the query protocol before still returns its old error codes in this header.
        headers.append(("x-amzn-query-error", f"{code};Sender"))
    return headers, json.dumps({"__type": code, "message": message, "Message": message}).encode()


def has_short_codes(operation: Operation) -> bool:
    """Whether the codes of the service do not end in `Exception`."""
    return operation.protocol in ("query", "rest-xml") or operation.service == "cloudwatch"
