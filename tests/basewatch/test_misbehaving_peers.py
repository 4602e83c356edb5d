"""Whatever a peer does, a look at it ends by the limit, and is UNVERIFIED with a reason that is never a bug."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from basewatch.aws import AwsClient, AwsSession
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import Endpoints, Timeouts, connect
from basewatch.secrets import Secret
from basewatch.time_limit import TimeLimit, call_within
from tests.collectors.cloudwatch.examples import call
from tests.collectors.cloudwatch.fake import FakeClock, FakeSigner, source
from tests.peers import Misbehaviour, Peer, misbehaving

ACCOUNT, REGION = "123456789012", "us-east-1"
SECONDS = 0.15
OF_THE_WORLD = {Reason.TIMEOUT, Reason.UNREACHABLE}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """A peer that misbehaves as the test says."""
    with misbehaving() as running:
        yield running


@pytest.fixture(scope="module")
def aws(peer: Peer) -> AwsClient:
    """A client that is signed in by the peer."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": peer.url}
    session = AwsSession.open(ACCOUNT, REGION, None, environ=keys)
    assert session.principal
    return session.open_client()


def _bucket(aws: AwsClient) -> object:
    return list(aws.body_chunks("s3", "GetObject", Bucket="b", Key="k"))


LOOKS: dict[str, Callable[[AwsClient], object]] = {
    "rds": lambda aws: aws.call("rds", "DescribeDBClusters"),
    "dynamodb": lambda aws: aws.call("dynamodb", "DescribeTable", TableName="t"),
    "s3": _bucket,
}


@pytest.mark.parametrize("does", Misbehaviour)
@pytest.mark.parametrize("service", LOOKS)
def test_a_call_to_aws_ends_by_the_limit_and_says_why(
    peer: Peer, aws: AwsClient, service: str, does: Misbehaviour
) -> None:
    """A thread that is given up ends by itself, too: its reads know the limit."""
    peer.does, ended, caught = does, Event(), list[Exception]()

    def look() -> None:
        try:
            LOOKS[service](aws)
        except Exception as error:
            caught.append(error)
            raise
        finally:
            ended.set()

    with pytest.raises((TimeoutError, ObservationError)):
        call_within(TimeLimit.after(SECONDS), look)
    assert ended.wait(600)
    (error,) = caught
    assert isinstance(error, ObservationError)
    assert (error.reason in OF_THE_WORLD, error.source) == (True, f"aws:{ACCOUNT}/{REGION}")
    assert error.remedy


def test_a_call_without_a_limit_around_it_ends_too(peer: Peer, aws: AwsClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets and discoveries are read outside of any pass, and a peer that drips holds them up no longer."""
    monkeypatch.setattr("basewatch.aws.client.LONGEST_CALL_SECONDS", SECONDS)
    peer.does = Misbehaviour.DRIPPING_BODY
    with pytest.raises(ObservationError) as caught:
        aws.call("rds", "DescribeDBClusters")
    assert caught.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize("does", Misbehaviour)
def test_an_exchange_with_cloudwatch_ends_as_a_whole(peer: Peer, does: Misbehaviour) -> None:
    """The read timeout is for the whole answer, so that a drip is a timeout like silence."""
    peer.does = does
    policy = replace(FakeClock().retry_policy(), read_timeout_seconds=SECONDS, max_attempts=1)
    fetched = source(FakeSigner(peer.url), retry_policy=policy).fetch(call(2))
    for answer in fetched.answers:
        assert answer.error is not None
        assert answer.error.reason in OF_THE_WORLD


@pytest.mark.parametrize("does", [Misbehaviour.SILENT, Misbehaviour.DRIPPING_BODY, Misbehaviour.GARBAGE])
def test_a_sign_in_ends_too(peer: Peer, does: Misbehaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    """STS that hangs or drips is a timeout of the sign-in, which is not repeated by every look."""
    monkeypatch.setattr("basewatch.aws.session.SIGN_IN_SECONDS", SECONDS)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": peer.url}
    peer.does, peer.everything = does, True
    session = AwsSession.open(ACCOUNT, REGION, None, environ=keys)
    try:
        for _ in range(2):
            with pytest.raises(ObservationError) as caught:
                _ = session.principal
            assert (caught.value.reason in OF_THE_WORLD, caught.value.source) == (True, f"aws:{ACCOUNT}/{REGION}")
            assert caught.value.action in ("sign in", "sts:GetCallerIdentity")
    finally:
        peer.everything = False


@pytest.mark.parametrize(
    "does", [Misbehaviour.SILENT, Misbehaviour.DRIPPING_HEAD, Misbehaviour.GARBAGE, Misbehaviour.CLOSED]
)
def test_a_login_to_postgresql_ends_too(peer: Peer, does: Misbehaviour) -> None:
    """Whatever listens at the database's address, the login fails with a reason."""
    peer.does = does
    url = Secret("env:URL", f"postgresql://user:hunter2@127.0.0.1:{peer.port}/db?sslmode=disable")
    endpoints, limits = Endpoints(writer=lambda: url, name="main"), Timeouts(connect=timedelta(seconds=1))
    with pytest.raises(ObservationError) as caught, connect(endpoints, run="r", timeouts=limits):
        pass
    assert (caught.value.source, caught.value.action) == ("postgresql:main", "connect")
    assert caught.value.reason in OF_THE_WORLD
    assert "hunter2" not in str(caught.value)
