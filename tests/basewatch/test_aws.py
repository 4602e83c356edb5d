"""Proves that AWS is asked as the declared role, that every call is remembered, and that no error leaks through."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody

from basewatch.aws import AwsSession
from basewatch.aws.response import accepted_error
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from tests.wire import ACCOUNT, KEYS, READER, REGION, Wire, answered, identity, looking, offline, refusal

CALLER = f"arn:aws:iam::{ACCOUNT}:user/operator"


def assumed() -> dict[str, Any]:
    """STS' answer to AssumeRole."""
    keys = {
        "AccessKeyId": "ASIAROLE",
        "SecretAccessKey": "role-secret",
        "SessionToken": "role-token",
        "Expiration": datetime.now(UTC) + timedelta(hours=1),
    }
    return answered(Credentials=keys, AssumedRoleUser={"Arn": READER, "AssumedRoleId": "AROA:basewatch"})


def names(wire: Wire) -> list[str]:
    """The operations that were asked, in order."""
    return [operation for operation, _ in wire.asked]


def test_the_declared_role_is_assumed() -> None:
    """A caller that is not the role assumes it, and calls AWS with the role's keys."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity(CALLER), identity())
    wire.answer("sts:AssumeRole", assumed())
    session = offline(wire)
    assert session.principal == READER
    asked = dict(wire.asked)["sts:AssumeRole"]["body"]
    assert asked["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/basewatch-reader"
    assert session.credentials().access_key == "ASIAROLE"


@pytest.mark.parametrize("role", ["basewatch-reader", "watchers/basewatch-reader", None])
def test_a_caller_that_is_the_role_already_assumes_nothing(role: str | None) -> None:
    """The role needs no right to assume itself; without a declared role the caller stays who it is."""
    wire = Wire()
    assert offline(wire, role=role).principal == READER
    assert names(wire) == ["sts:GetCallerIdentity"]


def test_a_role_that_may_not_be_assumed_says_what_to_grant() -> None:
    """The remedy names sts:AssumeRole, the caller and the role, and it is asked for once a pass."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity(CALLER))
    wire.answer("sts:AssumeRole", refusal("AccessDenied", "no", status=403))
    session = offline(wire)
    for _ in range(3):
        with pytest.raises(ObservationError) as caught:
            session.service_client("rds")
        assert caught.value.reason is Reason.DENIED
        assert f"grant sts:AssumeRole to {CALLER}" in caught.value.remedy
        assert "role/basewatch-reader trust it" in caught.value.remedy
    assert names(wire).count("sts:AssumeRole") == 1


def test_a_caller_in_another_account_is_not_believed() -> None:
    """Facts of the wrong account are no facts of the platform."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity("arn:aws:iam::999999999999:user/operator"))
    with pytest.raises(ObservationError, match="is in account 999999999999, and the declared account is 123456789012"):
        _ = offline(wire, role=None).principal


def test_without_credentials_nothing_is_asked() -> None:
    """Without credentials, the remedy names the ones to provide."""
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    session = AwsSession.open(ACCOUNT, REGION, None, environ=environ)
    session._botocore().get_component("credential_provider").providers.clear()  # this machine may have some
    with pytest.raises(ObservationError) as caught:
        _ = session.principal
    assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_endpoints_are_read_from_the_environment_as_boto3_reads_them() -> None:
    """A service's own endpoint wins over the general one, and both over AWS."""
    environ = {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1/", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://[::1]:2"}
    session = AwsSession.open(ACCOUNT, REGION, None, environ=environ, session=offline(Wire())._botocore())
    assert session.endpoint("s3") == "http://127.0.0.1:1"
    assert session.endpoint("secretsmanager") == "http://[::1]:2"


def test_without_a_configured_endpoint_aws_itself_is_asked() -> None:
    """Production needs no setting."""
    assert offline(Wire()).endpoint("rds") == "https://rds.us-east-1.amazonaws.com"


def test_a_malformed_endpoint_says_which_setting_to_correct() -> None:
    """A typo in the environment is no riddle."""
    environ = {**KEYS, "AWS_ENDPOINT_URL": "no-scheme"}
    with pytest.raises(ObservationError) as caught:
        _ = AwsSession.open(ACCOUNT, REGION, None, environ=environ).principal
    assert caught.value.remedy == "correct AWS_ENDPOINT_URL"


def test_threads_share_one_client_and_one_sign_in() -> None:
    """However many observations run at once, signing in happens once."""
    wire = Wire()
    session = offline(wire)
    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda _: session.service_client("rds"), range(32)))
    assert len({id(client) for client in clients}) == 1
    assert names(wire) == ["sts:GetCallerIdentity"]


def test_every_call_is_remembered_with_its_action_and_request_id() -> None:
    """The evidence says what was asked, by the IAM name, and AWS can find it by the id."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", answered("r-1", DBClusters=[]))
    wire.answer("s3:HeadObject", answered("r-2"), refusal("403", status=403, request_id="r-3"))
    aws = looking(wire)
    aws.call("rds", "DescribeDBClusters", DBClusterIdentifier="c")
    aws.call("s3", "HeadObject", Bucket="bucket", Key="k")
    with pytest.raises(ObservationError):
        aws.call("s3", "HeadObject", Bucket="bucket", Key="k", VersionId="v")
    assert aws.requests == ("rds:DescribeDBClusters r-1", "s3:GetObject r-2", "s3:GetObjectVersion r-3")
    assert (aws.source, aws.principal) == (f"aws:{ACCOUNT}/{REGION}", READER)


def test_one_observation_does_not_remember_the_calls_of_another() -> None:
    """Evidence lists its own requests only."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", answered(DBClusters=[]))
    session = offline(wire)
    session.open_client().call("rds", "DescribeDBClusters")
    assert session.open_client().requests == ()


def test_a_call_that_got_no_answer_is_remembered_without_an_id() -> None:
    """A cut cable leaves a trace too."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", EndpointConnectionError(endpoint_url="https://rds"))
    aws = looking(wire)
    with pytest.raises(ObservationError) as caught:
        aws.call("rds", "DescribeDBClusters")
    assert caught.value.reason is Reason.UNREACHABLE
    assert aws.requests == ("rds:DescribeDBClusters -",)


def test_an_error_says_where_and_what_was_asked() -> None:
    """The source is the account and the region that was asked; the action is the refused one, if AWS names it."""
    wire = Wire()
    denied = "User: arn:x is not authorized to perform: kms:Decrypt on resource: k"
    wire.answer("rds:DescribeDBClusters", refusal("AccessDenied"), refusal("AccessDenied", denied))
    aws = looking(wire)
    found = list[tuple[str, str]]()
    for client in (aws, aws.in_region("eu-west-1")):
        with pytest.raises(ObservationError) as caught:
            client.call("rds", "DescribeDBClusters")
        found.append((caught.value.source, caught.value.action))
    assert found == [
        (f"aws:{ACCOUNT}/{REGION}", "rds:DescribeDBClusters"),
        (f"aws:{ACCOUNT}/eu-west-1", "kms:Decrypt"),
    ]
    assert aws.action == "rds:DescribeDBClusters"


def test_an_error_can_be_an_answer() -> None:
    """An accepted error code is a fact for the call that accepts it, and for no other."""
    wire = Wire()
    wire.answer("s3:GetObjectLockConfiguration", refusal("ObjectLockConfigurationNotFoundError", request_id="r-9"))
    aws = looking(wire)
    code = "ObjectLockConfigurationNotFoundError"
    assert (
        accepted_error(aws.call("s3", "GetObjectLockConfiguration", accepted_errors=(code,), Bucket="bucket")) == code
    )
    assert aws.requests == ("s3:GetBucketObjectLockConfiguration r-9",)
    with pytest.raises(ObservationError):
        aws.call("s3", "GetObjectLockConfiguration", Bucket="bucket")


def test_what_does_not_exist_is_absent() -> None:
    """A cluster that AWS does not know is a fact about the platform."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", refusal("DBClusterNotFoundFault", "DBCluster c not found", status=404))
    with pytest.raises(NotFoundError, match="DBCluster c not found"):
        looking(wire).call("rds", "DescribeDBClusters", DBClusterIdentifier="c")


def page(token: str | None, *keys: str) -> dict[str, Any]:
    """A page of a listing; a token means that there is more."""
    more = {"NextContinuationToken": token} if token else {}
    return answered(f"page-{token}", Contents=[{"Key": key} for key in keys], IsTruncated=bool(token), **more)


def test_a_listing_is_read_page_by_page() -> None:
    """Every page is asked for, remembered, and handed on."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", page("1", "a", "b"), page(None, "c"))
    aws = looking(wire)
    pages = list(aws.pages("s3", "ListObjectsV2", Bucket="bucket"))
    assert [len(found["Contents"]) for found in pages] == [2, 1]
    assert aws.requests == ("s3:ListBucket page-1", "s3:ListBucket page-None")


def test_a_listing_stops_at_its_limit() -> None:
    """A bounded listing asks for no page beyond its bound, and its last page says that there was more."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", page("1", "a"), page("2", "b"), page(None, "c"))
    pages = list(looking(wire).pages("s3", "ListObjectsV2", limit=2, Bucket="bucket"))
    assert [found["IsTruncated"] for found in pages] == [True, True]
    assert names(wire).count("s3:ListObjectsV2") == 2


def test_half_a_listing_is_not_a_listing() -> None:
    """A page that fails fails the listing, whatever came before."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", page("1", "a"), refusal("SlowDown", status=503))
    with pytest.raises(ObservationError) as caught:
        list(looking(wire).pages("s3", "ListObjectsV2", Bucket="bucket"))
    assert caught.value.reason is Reason.THROTTLED


def body(content: bytes, length: int) -> StreamingBody:
    """The body of an answer that promised `length` bytes."""
    return StreamingBody(io.BytesIO(content), length)


def test_a_body_is_read_in_chunks() -> None:
    """A large object never stands in memory whole."""
    wire = Wire()
    wire.answer("s3:GetObject", answered(Body=body(b"x" * 3_000_000, 3_000_000)))
    chunks = list(looking(wire).body_chunks("s3", "GetObject", Bucket="bucket", Key="k"))
    assert sum(map(len, chunks)) == 3_000_000
    assert max(map(len, chunks)) == 1 << 20


def test_a_body_that_breaks_off_is_not_taken_for_whole() -> None:
    """A short download is a failed look, never a short object."""
    wire = Wire()
    wire.answer("s3:GetObject", answered(Body=body(b"short", 100)))
    with pytest.raises(ObservationError) as caught:
        list(looking(wire).body_chunks("s3", "GetObject", Bucket="bucket", Key="k"))
    assert caught.value.reason is Reason.UNREACHABLE


def test_an_answer_that_does_not_come_in_time_is_a_timeout() -> None:
    """A timeout and a refusal have different reasons."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", ReadTimeoutError(endpoint_url="https://rds"))
    with pytest.raises(ObservationError) as caught:
        looking(wire).call("rds", "DescribeDBClusters")
    assert caught.value.reason is Reason.TIMEOUT


def test_importing_the_adapter_does_not_import_botocore() -> None:
    """`basewatch --help` does not wait for AWS' library."""
    code = "import sys, basewatch.aws; sys.exit('botocore' in sys.modules or 'boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_certificates_to_trust_are_those_the_environment_names() -> None:
    """AWS_CA_BUNDLE is where boto3 reads it, and unset it is botocore's own."""
    named = AwsSession.open(ACCOUNT, REGION, None, environ={**KEYS, "AWS_CA_BUNDLE": "/etc/proxy.pem"})
    assert named.ca_bundle == "/etc/proxy.pem"
