"""The emulated AWS answers plain boto3 over HTTP, and runs once per process."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest

from demo.emulated_aws import EmulatedAws
from demo.load import Load
from tests.fixtures_cloud import DUMP


def test_boto3_uses_the_account_by_its_environment(box_cloud: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program uses the account by its environment variables alone, S3 included."""
    for name, value in box_cloud.environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    identity = session.client("sts").get_caller_identity()
    buckets = session.client("s3").list_buckets()["Buckets"]
    assert (identity["Account"], session.region_name) == ("123456789012", "us-east-1")
    assert {bucket["Name"] for bucket in buckets} == {
        "securebase-production-audit-logs",
        "securebase-production-backups",
        "securebase-production-report-exports",
    }


def test_a_second_account_in_one_process_is_an_error(box_cloud: EmulatedAws) -> None:
    """Two accounts would share moto's state, so a second one cannot start while the first runs."""
    assert box_cloud.endpoint_url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="close it first"):
        EmulatedAws.start(now=datetime.now(UTC), dump=DUMP, load=Load())


def test_the_reader_role_can_be_assumed(box_cloud: EmulatedAws) -> None:
    """The caller identity after AssumeRole is the session of basewatch-reader."""
    sts = box_cloud.client("sts")
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/basewatch-reader", RoleSessionName="test")
    credentials = role["Credentials"]
    assumed = boto3.client(
        "sts",
        endpoint_url=box_cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    arn = assumed.get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::123456789012:assumed-role/basewatch-reader/test"
