"""A body that AWS did not write is "unreachable" in every protocol, whatever it is; a bucket's owner is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from basewatch.aws import AwsClient, AwsSession
from basewatch.aws.identity import botocore_session
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from tests.wire import ACCOUNT, KEYS, REGION, Wire, answered, identity, looking, refusal


class _Raw(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_: Any) -> list[bytes]:
        """The whole body in one piece."""
        return [self.read()]


@dataclass
class _Network:
    """Answers each HTTP request with a body and a status."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wire: Wire = field(default_factory=Wire)

    def client(self) -> AwsClient:
        """A client that is signed in, and whose requests get this answer."""
        self.wire.answer("sts:GetCallerIdentity", identity())
        session = self.wire.attach(botocore_session(KEYS))
        session.register("before-send", lambda request, **_: self._answer(request.url))
        return AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=KEYS, session=session).open_client()

    def _answer(self, url: str) -> AWSResponse:
        headers = {"content-length": str(len(self.body)), **self.headers}
        return AWSResponse(url, self.status, headers, _Raw(self.body))


# A call of every protocol that the observations use.
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "query": ("rds", "DescribeDBClusters", {}),
    "json": ("dynamodb", "DescribeTable", {"TableName": "t"}),
    "rest-json": ("apigateway", "GetRestApis", {}),
    "rest-xml": ("s3", "ListObjectsV2", {"Bucket": "b"}),
    "cbor": ("cloudwatch", "DescribeAlarms", {}),
    "sqs": ("sqs", "ListQueues", {}),
}
FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "a web page": b"<!DOCTYPE html><html><title>Sign in to the guest network</title></html>",
    "a page in XHTML": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
    "plain text": b"upstream connect error or disconnect/reset before headers",
    "bytes": bytes(range(256)),
    "zeros": bytes(100),
    "a list": b"[]",
    "a number": b"7",
    "cut JSON": b'{"items": [{"id": "a", "na',
    "cut XML": b"<ListBucketResult><IsTruncated>false</IsTrunc",
    "cut CBOR": b"\xbflMetricAlarms\x9f\xbfiAlarmName",
}


@pytest.mark.parametrize("protocol", CALLS)
def test_a_body_that_aws_did_not_write_is_unreachable(protocol: str, subtests: pytest.Subtests) -> None:
    """No garbage is an empty listing, and none is a crash: the remedy says what to check."""
    service, operation, parameters = CALLS[protocol]
    network = _Network(b"")
    client = network.client()
    for name, body in FOREIGN.items():
        with subtests.test(body=name):
            network.body = body
            with pytest.raises(ObservationError) as caught:
                client.call(service, operation, **parameters)
            assert caught.value.reason is Reason.UNREACHABLE
            # botocore turns garbage from S3 into an error of S3's own, and tries again.
            assert "check" in caught.value.remedy


@pytest.mark.parametrize("status", [403, 404, 407, 302])
@pytest.mark.parametrize("protocol", CALLS)
def test_the_refusal_of_a_proxy_is_not_one_of_aws(protocol: str, status: int) -> None:
    """A proxy that forbids the way to AWS sends nobody to IAM, and proves nothing absent."""
    service, operation, parameters = CALLS[protocol]
    client = _Network(b"<html><h1>Blocked by policy</h1></html>", status).client()
    with pytest.raises(ObservationError) as caught:
        client.call(service, operation, **parameters)
    assert caught.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "body"),
    [
        ("dynamodb", "DescribeTable", {"TableName": "t"}, b'{"Table": {"CreationDateTime": "yesterday"}}'),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, b"<ListBucketResult><MaxKeys>many</MaxKeys></ListBucketResult>"),
        ("rds", "DescribeDBClusters", {}, b"<DescribeDBClustersResponse/>"),
    ],
    ids=["a time", "a number", "no result"],
)
def test_a_field_of_the_wrong_type_is_unreachable(
    service: str, operation: str, parameters: dict[str, Any], body: bytes
) -> None:
    """A body in the right protocol with a value that botocore cannot convert is garbage too."""
    with pytest.raises(ObservationError) as caught:
        _Network(body).client().call(service, operation, **parameters)
    assert caught.value.reason is Reason.UNREACHABLE


def test_an_answer_without_fields_is_an_answer() -> None:
    """A JSON object without its fields is what some services write for an empty list."""
    assert "items" not in _Network(b"{}").client().call("apigateway", "GetRestApis")


def test_an_empty_answer_that_aws_has_named_is_an_answer() -> None:
    """A function without reserved concurrency has no field in its answer; the id of the request says who wrote it."""
    client = _Network(b"", headers={"x-amzn-requestid": "r-1"}).client()
    assert "ReservedConcurrentExecutions" not in client.call("lambda", "GetFunctionConcurrency", FunctionName="f")


def test_every_call_to_a_bucket_names_its_owner() -> None:
    """A bucket of the same name in another account is not taken for the declared one."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", answered(IsTruncated=False))
    wire.answer("s3:ListBuckets", answered(Buckets=[]))
    client = looking(wire)
    client.call("s3", "ListObjectsV2", Bucket="b")
    list(client.pages("s3", "ListObjectsV2", Bucket="b"))
    client.call("s3", "ListBuckets")
    owners = [sent["headers"].get("x-amz-expected-bucket-owner") for name, sent in wire.asked if name.startswith("s3:")]
    assert owners == [ACCOUNT, ACCOUNT, None]


def test_a_bucket_of_another_account_is_named_as_that() -> None:
    """S3 denies a wrong owner as it denies a missing right; asked again without the owner, it tells them apart."""
    wire = Wire()
    wire.answer("s3:GetObjectLockConfiguration", refusal("AccessDenied", status=403), answered())
    with pytest.raises(ObservationError, match=f"belongs to another account than {ACCOUNT}") as caught:
        looking(wire).call("s3", "GetObjectLockConfiguration", Bucket="b")
    assert "declare the account" in caught.value.remedy
    wire.answer("s3:GetObjectLockConfiguration", refusal("AccessDenied", status=403))
    with pytest.raises(ObservationError) as denied:
        looking(wire).call("s3", "GetObjectLockConfiguration", Bucket="b")
    assert denied.value.reason is Reason.DENIED


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("InvalidObjectState", "archived"),
        ("KMS.KMSInvalidStateException", "pending deletion"),
        ("KMS.DisabledException", "disabled"),
        ("KMS.NotFoundException", "KMS key"),
    ],
)
def test_an_error_about_an_object_or_its_key_says_so(code: str, text: str) -> None:
    """An archived object needs a restore, and a key its state: neither needs a grant, and neither is a bug."""
    wire = Wire()
    wire.answer("s3:GetObject", refusal(code, status=403))
    with pytest.raises(ObservationError, match=text) as caught:
        looking(wire).call("s3", "GetObject", Bucket="b", Key="k")
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "grant" not in caught.value.remedy


@pytest.mark.parametrize(
    "code", ["AWS.SimpleQueueService.NonExistentQueue", "ClusterNotFoundFault", "DBInstanceNotFoundFault"]
)
def test_a_queue_a_cache_and_an_instance_can_be_absent(code: str) -> None:
    """Each service has its own word for something that does not exist."""
    wire = Wire()
    wire.answer("sqs:GetQueueUrl", refusal(code, status=400))
    with pytest.raises(NotFoundError):
        looking(wire).call("sqs", "GetQueueUrl", QueueName="q")
