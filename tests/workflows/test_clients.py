"""Each account is requested through its monitoring account, with shared clients, and a failed sign-in is retried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basewatch.aws import SharedAnswers
from basewatch.aws.identity import botocore_session
from basewatch.aws.session import AwsSession
from basewatch.components import Function
from basewatch.config import Config
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.secrets import parse_reference
from collectors.cloudwatch.declared_targets import Location
from tests.wire import ACCOUNT, KEYS, REGION, Wire, answered, identity, refusal
from workflows.clients import AwsSessions

OBSERVERS = "210987654321"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database"
HERE = Location(account_id=ACCOUNT, region=REGION)
TREE: dict[str, Any] = {
    "version": 1,
    "platform": {"name": "securebase", "environment": "production"},
    "aws": {
        "accounts": {
            "production": {
                "id": ACCOUNT,
                "role": "reader",
                "regions": [REGION, "eu-west-1"],
                "monitoring_account": "observers",
            },
            "observers": {"id": OBSERVERS, "regions": [REGION, "eu-west-1"]},
        }
    },
    "components": {"functions": [{"name": "auth"}]},
}


def opened(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> AwsSessions:
    """Sessions whose requests are answered by `wire`."""
    real = AwsSession.open

    def offline(account_id: str, region: str, role: str | None, **_: Any) -> AwsSession:
        return real(account_id, region, role, environ=KEYS, session=wire.attach(botocore_session(KEYS)))

    monkeypatch.setattr(AwsSession, "open", offline)
    return AwsSessions(Config.model_validate(TREE), KEYS)


def signed_in(monkeypatch: pytest.MonkeyPatch, until: datetime) -> tuple[AwsSessions, Wire]:
    """Sessions with assumed credentials that expire then."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity(f"arn:aws:iam::{ACCOUNT}:user/operator"), identity())
    keys = {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": until}
    wire.answer("sts:AssumeRole", answered(Credentials=keys, AssumedRoleUser={"Arn": "a", "AssumedRoleId": "r"}))
    return opened(monkeypatch, wire), wire


def test_a_component_has_its_own_or_the_default_location() -> None:
    """Account and region default to the first declared; names become account ids."""
    sessions = AwsSessions(Config.model_validate(TREE), KEYS)
    assert sessions.location(Function(name="auth")) == HERE
    elsewhere = Function(name="auth", account="observers", region="eu-west-1")
    assert sessions.location(elsewhere) == Location(account_id=OBSERVERS, region="eu-west-1")


def test_without_an_account_there_is_no_location() -> None:
    """The error is UNSUPPORTED, and its remedy says what to add."""
    sessions = AwsSessions(Config.model_validate({**TREE, "aws": None, "components": {}}), KEYS)
    with pytest.raises(ObservationError, match="declares no AWS account") as caught:
        sessions.location(Function(name="auth"))
    assert caught.value.reason is Reason.UNSUPPORTED


def test_metrics_are_requested_through_the_monitoring_account() -> None:
    """The monitoring account and its source accounts share one source in each region."""
    sessions = AwsSessions(Config.model_validate(TREE), KEYS)
    source = sessions.metric_source(ACCOUNT, REGION)
    assert (source.account_id, source.region) == (OBSERVERS, REGION)
    assert sessions.metric_source(OBSERVERS, REGION) is source
    assert sessions.metric_source(ACCOUNT, "eu-west-1") is not source
    assert [sessions.monitoring_account(account) for account in (ACCOUNT, OBSERVERS)] == [OBSERVERS, OBSERVERS]


def test_resources_are_requested_from_their_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service describes the resources of its own account only."""
    assert opened(monkeypatch, Wire()).aws_client(ACCOUNT, REGION).source == f"aws:{ACCOUNT}/{REGION}"


def test_a_failed_sign_in_is_retried_in_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed sign-in is kept within a pass; the next pass drops the session and its source."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", refusal("InvalidClientTokenId", status=403))
    sessions = opened(monkeypatch, wire)
    source = sessions.metric_source(OBSERVERS, REGION)
    with pytest.raises(ObservationError):
        _ = source.principal
    assert sessions.metric_source(OBSERVERS, REGION) is source
    sessions.drop_failed_sessions()
    wire.answer("sts:GetCallerIdentity", identity(f"arn:aws:sts::{OBSERVERS}:assumed-role/reader/basewatch"))
    again = sessions.metric_source(OBSERVERS, REGION)
    assert again is not source
    assert f"::{OBSERVERS}:" in again.principal


def test_a_good_session_is_kept_from_pass_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and open connections are kept after a pass."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity(f"arn:aws:sts::{OBSERVERS}:assumed-role/reader/basewatch"))
    sessions = opened(monkeypatch, wire)
    source = sessions.metric_source(OBSERVERS, REGION)
    _ = source.principal
    sessions.drop_failed_sessions()
    assert sessions.metric_source(OBSERVERS, REGION) is source


def test_all_requests_share_the_rate_limit_of_an_api() -> None:
    """A process has one limiter for each account, region and API, with the configured rate."""
    config = Config.model_validate({**TREE, "collectors": {"calls_per_second": 7, "datapoints_per_second": 11}})
    limits = AwsSessions(config, KEYS).rate_limits
    assert limits.limiter(ACCOUNT, REGION, "GetMetricData") is limits.limiter(ACCOUNT, REGION, "GetMetricData")
    assert limits.datapoints_per_second == 11


def test_the_expiry_of_assumed_credentials_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known after the sign-in, without a request; keys of a user do not expire."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    sessions, wire = signed_in(monkeypatch, until)
    asker = sessions.aws_client(ACCOUNT, REGION)
    assert sessions.credential_expiries() == {}
    _ = asker.principal
    asked = len(wire.asked)
    assert sessions.credential_expiries() == {HERE: until}
    assert len(wire.asked) == asked


def test_credentials_are_renewed_before_they_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an account that is asked once an hour, credentials do not expire in between."""
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=14)
    sessions, wire = signed_in(monkeypatch, soon)
    _ = sessions.aws_client(ACCOUNT, REGION).principal
    sessions.renew_credentials(soon - timedelta(minutes=16))
    assert sessions.credential_expiries() == {HERE: soon}
    later = soon + timedelta(hours=1)
    keys = {"AccessKeyId": "ASIB", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": later}
    wire.answer("sts:AssumeRole", answered(Credentials=keys, AssumedRoleUser={"Arn": "a", "AssumedRoleId": "r"}))
    sessions.renew_credentials(soon - timedelta(minutes=14))
    assert sessions.credential_expiries() == {HERE: later}


def test_renewing_assumes_the_role_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """If AWS rejects the credentials of a role, the role is assumed again with the caller's credentials."""
    sessions, wire = signed_in(monkeypatch, datetime.now(UTC) + timedelta(hours=1))
    session = sessions.session_for(Function(name="auth"))
    assert session.credentials().access_key == "ASIA"
    session.reset_credentials()
    assert sessions.credential_expiries() == {}
    assert session._botocore().get_credentials().access_key == KEYS["AWS_ACCESS_KEY_ID"]
    session.reset_credentials()  # as the next thread with a refused request would
    wire.answer("sts:GetCallerIdentity", identity(f"arn:aws:iam::{ACCOUNT}:user/operator"), identity())
    assert session.credentials().access_key == "ASIA"
    assert [operation for operation, _ in wire.asked].count("sts:AssumeRole") == 2


def test_a_pass_reads_a_secret_once_and_the_next_one_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each observation of a database opens a session of its own, with the same secret."""
    wire = Wire()
    wire.answer("sts:GetCallerIdentity", identity(f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/basewatch"))
    wire.answer("secretsmanager:GetSecretValue", answered(SecretString='{"url": "postgresql://db"}'))
    sessions, reference = opened(monkeypatch, wire), parse_reference(f"aws-secretsmanager:{SECRET}#url")
    for expected, answers in ((1, SharedAnswers()), (2, SharedAnswers())):
        for _ in range(3):
            assert sessions.secret(reference, answers).reveal() == "postgresql://db"
        assert [name for name, _ in wire.asked].count("secretsmanager:GetSecretValue") == expected
