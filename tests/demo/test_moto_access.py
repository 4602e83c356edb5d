"""The access middleware identifies the operation of a request, and refuses it with the service's own error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.emulated_aws import EmulatedAws

AUDIT = "securebase-production-audit-logs"
Call = Callable[[Any], Any]

CALLS: tuple[tuple[str, str, Call], ...] = (
    ("rds", "rds:DescribeDBClusters", lambda c: c.describe_db_clusters()),
    ("iam", "iam:ListUsers", lambda c: c.list_users()),
    (
        "sts",
        "sts:AssumeRole",
        lambda c: c.assume_role(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="x1"),
    ),
    ("dynamodb", "dynamodb:ListTables", lambda c: c.list_tables()),
    ("kms", "kms:ListKeys", lambda c: c.list_keys()),
    ("cloudtrail", "cloudtrail:DescribeTrails", lambda c: c.describe_trails()),
    ("cloudwatch", "cloudwatch:DescribeAlarms", lambda c: c.describe_alarms()),
    ("lambda", "lambda:ListFunctions", lambda c: c.list_functions()),
    ("lambda", "lambda:GetFunctionConfiguration", lambda c: c.get_function_configuration(FunctionName="x")),
    ("apigateway", "apigateway:GET", lambda c: c.get_stage(restApiId="a", stageName="prod")),
    ("guardduty", "guardduty:ListDetectors", lambda c: c.list_detectors()),
    ("s3", "s3:ListAllMyBuckets", lambda c: c.list_buckets()),
    ("s3", "s3:ListBucket", lambda c: c.list_objects_v2(Bucket=AUDIT)),
    ("s3", "s3:ListBucketVersions", lambda c: c.list_object_versions(Bucket=AUDIT)),
    ("s3", "s3:GetBucketObjectLockConfiguration", lambda c: c.get_object_lock_configuration(Bucket=AUDIT)),
    ("s3", "s3:GetBucketVersioning", lambda c: c.get_bucket_versioning(Bucket=AUDIT)),
    ("s3", "s3:GetObject", lambda c: c.get_object(Bucket=AUDIT, Key="a/b.json")),
    ("s3", "s3:GetObjectVersion", lambda c: c.get_object(Bucket=AUDIT, Key="a/b.json", VersionId="1")),
    ("s3", "s3:GetObjectRetention", lambda c: c.get_object_retention(Bucket=AUDIT, Key="a/b.json")),
)
DENIED = ("AccessDenied", "AccessDeniedException")
THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown")


@pytest.fixture(name="clients", scope="module")
def _clients(box_cloud: EmulatedAws) -> Callable[[str], Any]:
    """Clients of Basewatch's user, which is not exempt, without retries."""
    session, config = box_cloud.caller.session(), Config(retries={"total_max_attempts": 1})
    return cache(lambda service: session.client(service, endpoint_url=box_cloud.endpoint_url, config=config))


@pytest.fixture(name="client")
def _client(box_cloud: EmulatedAws, clients: Callable[[str], Any]) -> Iterator[Callable[[str], Any]]:
    """The same clients; every rule is removed after the test."""
    yield clients
    box_cloud.allow_all()


def _error(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call()
    return dict(error.value.response)


def _outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "answered"


@pytest.mark.parametrize(("service", "action", "call"), CALLS, ids=[action for _, action, _ in CALLS])
def test_exactly_the_denied_operation_is_denied(
    box_cloud: EmulatedAws, client: Callable[[str], Any], service: str, action: str, call: Call
) -> None:
    """A denied operation gets the service's own error, with the action in the message."""
    box_cloud.deny(action)
    answer = _error(lambda: call(client(service)))
    assert answer["Error"]["Code"] in DENIED
    assert f"not authorized to perform: {action} because" in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize(("service", "action", "call"), CALLS, ids=[action for _, action, _ in CALLS])
def test_every_other_operation_passes(
    box_cloud: EmulatedAws, client: Callable[[str], Any], service: str, action: str, call: Call
) -> None:
    """An operation is not denied when every other action is."""
    box_cloud.deny(*{other for _, other, _ in CALLS if other != action})
    assert _outcome(lambda: call(client(service))) not in DENIED


@pytest.mark.parametrize(("service", "action", "call"), CALLS, ids=[action for _, action, _ in CALLS])
def test_a_throttled_operation_gets_the_code_that_boto3_retries(
    box_cloud: EmulatedAws, client: Callable[[str], Any], service: str, action: str, call: Call
) -> None:
    """A throttled operation gets the service's own code, which botocore's standard mode retries."""
    box_cloud.throttle(action)
    assert _error(lambda: call(client(service)))["Error"]["Code"] in THROTTLED


def test_throttling_is_retried(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """Standard mode retries, and then raises the throttling error."""
    assert callable(client)
    box_cloud.throttle("dynamodb:ListTables")
    config = Config(retries={"mode": "standard", "total_max_attempts": 2})
    session = box_cloud.caller.session()
    dynamodb = session.client("dynamodb", endpoint_url=box_cloud.endpoint_url, config=config)
    assert _error(dynamodb.list_tables)["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_denied_head_has_only_a_status(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """The error response to HEAD has no body."""
    box_cloud.deny("s3:GetObject")
    answer = _error(lambda: client("s3").head_object(Bucket=AUDIT, Key="manifest.json"))
    assert answer["Error"]["Code"] == "403"


def test_a_pattern_denies_a_whole_service(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """`s3:*` denies every operation of S3 and none of RDS."""
    box_cloud.deny("s3:*")
    assert _error(client("s3").list_buckets)["Error"]["Code"] == "AccessDenied"
    assert client("rds").describe_db_clusters()["DBClusters"]


def test_a_denied_action_can_be_allowed_again(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """`allow` removes the named rules only, and `allow_all` removes every rule."""
    box_cloud.deny("rds:DescribeDBClusters", "kms:ListKeys")
    box_cloud.allow("rds:DescribeDBClusters")
    assert client("rds").describe_db_clusters()["DBClusters"]
    assert _error(client("kms").list_keys)["Error"]["Code"] == "AccessDeniedException"
    box_cloud.allow()
    assert _error(client("kms").list_keys)["Error"]["Code"] == "AccessDeniedException"
    box_cloud.allow_all()
    assert client("kms").list_keys()["Keys"]


def test_the_operator_is_exempt(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """The operator can use a denied action for a repair; a session of the reader's role cannot."""
    role = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/basewatch-reader", RoleSessionName="test")
    keys = role["Credentials"]
    reader = boto3.client(
        "rds",
        endpoint_url=box_cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    box_cloud.deny("rds:*")
    assert box_cloud.client("rds").describe_db_clusters()["DBClusters"]
    assert _error(reader.describe_db_clusters)["Error"]["Code"] == "AccessDenied"


def test_a_head_without_the_permission_omits_the_lock(box_cloud: EmulatedAws, client: Callable[[str], Any]) -> None:
    """Without s3:GetObjectRetention the headers of an object omit its lock, and the object can still be read."""
    before = client("s3").head_object(Bucket=AUDIT, Key="manifest.json")
    box_cloud.deny("s3:GetObjectRetention")
    after = client("s3").head_object(Bucket=AUDIT, Key="manifest.json")
    assert before["ObjectLockMode"] == "COMPLIANCE"
    assert not {"ObjectLockMode", "ObjectLockRetainUntilDate"} & set(after)
    assert after["ETag"] == before["ETag"]
