"""The operation of a request is identified, even where several are similar."""

from __future__ import annotations

from typing import Any

import pytest

from demo.moto_operations import identify

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"


def _request(service: str, method: str, path: str, query: str = "", **headers: str) -> dict[str, Any]:
    return {
        "HTTP_AUTHORIZATION": SIGNED.format(service=service),
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        **headers,
    }


@pytest.mark.parametrize(
    ("request_", "body", "expected"),
    [
        (_request("s3", "GET", "/"), b"", "s3:ListBuckets"),
        (_request("s3", "GET", "/logs"), b"", "s3:ListObjects"),
        (_request("s3", "GET", "/logs/", "list-type=2&prefix=a"), b"", "s3:ListObjectsV2"),
        (_request("s3", "GET", "/logs", "versions"), b"", "s3:ListObjectVersions"),
        (_request("s3", "GET", "/logs", "versioning"), b"", "s3:GetBucketVersioning"),
        (_request("s3", "GET", "/logs/a/b/c.json"), b"", "s3:GetObject"),
        (_request("s3", "GET", "/logs/a", "uploadId=1"), b"", "s3:ListParts"),
        (_request("s3", "HEAD", "/logs/a", "versionId=1"), b"", "s3:HeadObject"),
        (_request("s3", "PUT", "/logs/a"), b"", "s3:PutObject"),
        (_request("s3", "PUT", "/logs/a", "partNumber=1&uploadId=1"), b"", "s3:UploadPart"),
        (_request("s3", "PUT", "/logs/a", HTTP_X_AMZ_COPY_SOURCE="logs/b"), b"", "s3:CopyObject"),
        (_request("s3", "DELETE", "/logs/a", "versionId=1"), b"", "s3:DeleteObject"),
        (_request("lambda", "GET", "/2015-03-31/functions/x/configuration"), b"", "lambda:GetFunctionConfiguration"),
        (_request("apigateway", "GET", "/restapis/a/stages/prod"), b"", "apigateway:GetStage"),
        (
            _request("monitoring", "POST", "/", HTTP_X_AMZ_TARGET="GraniteServiceVersion20100801.GetMetricData"),
            b"",
            "cloudwatch:GetMetricData",
        ),
        (
            _request(
                "monitoring",
                "POST",
                "/service/GraniteServiceVersion20100801/operation/GetMetricData",
                HTTP_SMITHY_PROTOCOL="rpc-v2-cbor",
            ),
            b"",
            "cloudwatch:GetMetricData",
        ),
        (
            _request("rds", "POST", "/", CONTENT_TYPE="application/x-www-form-urlencoded; charset=utf-8"),
            b"Action=DescribeDBClusters&Version=2014-10-31",
            "rds:DescribeDBClusters",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_operation_of_a_request_is_identified(request_: dict[str, Any], body: bytes, expected: str) -> None:
    """Method, path, query, headers and form identify the operation, and the signature identifies the caller."""
    operation = identify(request_, body)
    assert operation is not None
    assert (str(operation), operation.caller) == (expected, "AKIAEXAMPLE")


def test_an_unsigned_request_has_no_operation() -> None:
    """The operation of a request without a signature is not guessed."""
    assert identify({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, b"") is None


def test_an_unknown_service_has_no_operation() -> None:
    """The operation of a service that botocore does not know has an empty name."""
    operation = identify(_request("nosuch", "GET", "/"), b"")
    assert operation is not None
    assert operation.name == ""
