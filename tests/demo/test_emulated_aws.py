"""The box's AWS answers plain boto3 over HTTP, and is one at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest

from demo.emulated_aws import EmulatedAws
from demo.load import Load
from tests.fixtures_cloud import DUMP


def test_the_environment_alone_leads_boto3_to_the_box(box_cloud: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that knows nothing of the box reaches it by its environment, S3 included."""
    for name, value in box_cloud.environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    identity = session.client("sts").get_caller_identity()
    buckets = session.client("s3").list_buckets()["Buckets"]
    assert (identity["Account"], session.region_name) == ("123456789012", "us-east-1")
    assert {bucket["Name"] for bucket in buckets} == {
        "securebase-production-audit-logs",
        "securebase-production-backups",
    }


def test_a_second_account_in_one_process_is_refused(box_cloud: EmulatedAws) -> None:
    """Two clouds would share moto's state, so the second is refused while the first runs."""
    assert box_cloud.endpoint_url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="close it first"):
        EmulatedAws.start(now=datetime.now(UTC), dump=DUMP, load=Load())


def test_the_watcher_can_take_on_its_role(box_cloud: EmulatedAws) -> None:
    """basewatch-reader can be assumed, and who then asks is the role's session."""
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
