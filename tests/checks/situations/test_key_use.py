"""Keys on which components depend: found in the things themselves, usable, and the promised ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from basewatch.components import AuditBucket, AuroraCluster, Function, Queue, Table
from basewatch.model import Status
from checks.encryption.aurora_keys import cluster_keys_can_be_used
from checks.encryption.bucket_keys import audit_keys_can_be_used
from checks.encryption.service_keys import function_keys_can_be_used, queue_keys_can_be_used
from checks.encryption.table_keys import table_keys_can_be_used
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.checks.situations.test_keys import DAY, FAIL, NOT_APPLICABLE, PASS, UNVERIFIED, Judged, described, row
from tests.wire import ACCOUNT, REGION, Answer, refusal

ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
THEIRS = "arn:aws:kms:us-east-1:222222222222:key/theirs"
MULTI = "arn:aws:kms:{}:123456789012:key/mrk-1"
DATA = ("alias/data",)


def key(identifier: str, **fields: Any) -> dict[str, Any]:
    """A key with this id, or ARN, as it is described."""
    return described(Arn=identifier if identifier.startswith("arn:") else ARN + identifier, **fields)


def table(
    used: str | None, *keys: Answer, promised: tuple[str, ...] = DATA, replica: str = "", **fields: Any
) -> Judged:
    """The verdict on a table with the key `used`; `keys` are what DescribeKey answers in turn, the used ones first."""
    sse = {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": used}} if used else {}
    replicas = {"Replicas": [{"RegionName": "eu-west-1", "KMSMasterKeyId": replica}]} if replica else {}
    found = answer("dynamodb:DescribeTable", Table={"TableStatus": "ACTIVE", **sse, **replicas, **fields})
    component = Table.model_validate({"name": "t", "keys": promised})
    return judging(table_keys_can_be_used, component, {"dynamodb:DescribeTable": found, "kms:DescribeKey": keys})


def cluster(*snapshots: Mapping[str, Any], keys: tuple[Answer, ...], **fields: Any) -> Judged:
    """The verdict on a cluster with these snapshots and fields."""
    found = {"DBClusterIdentifier": "c", "StorageEncrypted": True, "KmsKeyId": f"{ARN}1", **fields}
    component = AuroraCluster.model_validate({"name": "c", "keys": DATA, "backup": {"retention": "35d", "rpo": "1h"}})
    listing = answer("rds:DescribeDBClusterSnapshots", DBClusterSnapshots=list(snapshots))
    answers: dict[str, Any] = {
        "rds:DescribeDBClusters": answer("rds:DescribeDBClusters", DBClusters=[found]),
        "rds:DescribeDBClusterSnapshots": listing,
        "kms:DescribeKey": keys,
    }
    return judging(cluster_keys_can_be_used, component, answers)


def bucket(algorithm: str, *keys: Answer, default: str = "", head: Mapping[str, Any] | None = None) -> Judged:
    """The verdict on an audit bucket with one version and this default encryption."""
    by = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": default} if default else {})}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by}]}
    version = {"Key": "a", "VersionId": "v", "LastModified": NOW - DAY, "IsLatest": True}
    stored = {"LastModified": NOW - DAY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": f"{ARN}1", **(head or {})}
    component = AuditBucket.model_validate({"name": "b", "keys": DATA, "object_lock": {"retention": "7y"}})
    return judging(
        audit_keys_can_be_used,
        component,
        {
            "s3:GetBucketEncryption": answer("s3:GetBucketEncryption", ServerSideEncryptionConfiguration=rules),
            "s3:ListObjectVersions": answer("s3:ListObjectVersions", IsTruncated=False, Versions=[version]),
            "s3:HeadObject": answer("s3:HeadObject", **stored),
            "kms:DescribeKey": keys,
        },
    )


def queue(attributes: Mapping[str, str], *keys: Answer, promised: tuple[str, ...] = DATA) -> Judged:
    """The verdict on a queue with these attributes."""
    arn = {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}
    return judging(
        queue_keys_can_be_used,
        Queue.model_validate({"name": "q", "keys": promised}),
        {
            "sqs:GetQueueUrl": answer("sqs:GetQueueUrl", QueueUrl="https://sqs/q"),
            "sqs:GetQueueAttributes": answer("sqs:GetQueueAttributes", Attributes={**arn, **attributes}),
            "kms:DescribeKey": keys,
        },
    )


def function(*groups: Mapping[str, Any], keys: tuple[Answer, ...], **fields: Any) -> Judged:
    """The verdict on a function with these log groups and fields."""
    return judging(
        function_keys_can_be_used,
        Function.model_validate({"name": "f", "keys": DATA}),
        {
            "lambda:GetFunctionConfiguration": answer(
                "lambda:GetFunctionConfiguration", State="Active", FunctionName="f", **fields
            ),
            "logs:DescribeLogGroups": answer("logs:DescribeLogGroups", logGroups=list(groups)),
            "kms:DescribeKey": keys,
        },
    )


DENIED = refusal("AccessDeniedException", "denied")
GONE = refusal("NotFoundException")
LOST = key("1", KeyState="PendingDeletion", DeletionDate=NOW + timedelta(days=3))
SNAPSHOT = {"StorageEncrypted": True, "KmsKeyId": f"{ARN}old"}
GROUP = {"logGroupName": "/aws/lambda/f", "kmsKeyId": f"{ARN}1"}
SITUATIONS: tuple[Situation, ...] = (
    row("use-1", "a table with the promised key", PASS, "it can be used", table(f"{ARN}1", key("1"), key("1"))),
    row(
        "use-2",
        "its key is pending deletion",
        FAIL,
        "it is lost in days",
        table(f"{ARN}1", LOST, LOST),
        "PendingDeletion",
    ),
    row(
        "use-3",
        "the alias was moved to a new key",
        FAIL,
        "the table keeps the old one",
        table(f"{ARN}old", key("old"), key("1")),
        "another key",
    ),
    row("use-4", "a key that DynamoDB owns", FAIL, "a customer's was promised", table(None, key("1")), "a key of AWS"),
    row(
        "use-5",
        "a key that DynamoDB owns, and none was promised",
        NOT_APPLICABLE,
        "it depends on no key",
        table(None, promised=()),
    ),
    row(
        "use-6",
        "the key that AWS manages",
        FAIL,
        "a customer's was promised",
        table(f"{ARN}aws", key("aws", KeyManager="AWS"), key("1")),
    ),
    row(
        "use-7",
        "no promise, and the key is disabled",
        FAIL,
        "nobody needs to promise that",
        table(f"{ARN}1", key("1", KeyState="Disabled"), promised=()),
    ),
    row(
        "use-8", "the key was deleted", FAIL, "it is gone for ever", table(f"{ARN}1", GONE, key("1")), "does not exist"
    ),
    row("use-9", "the alias was deleted", FAIL, "what is declared is not there", table(f"{ARN}1", key("1"), GONE)),
    row(
        "use-10",
        "a key of another account, which denies it",
        UNVERIFIED,
        "not seen",
        table(THEIRS, DENIED, promised=()),
    ),
    row(
        "use-11",
        "a key of another account, which denies it, and another was promised",
        FAIL,
        "its ARN tells that it is another one",
        table(THEIRS, DENIED, key("1")),
    ),
    row(
        "use-12",
        "the promised key is denied",
        UNVERIFIED,
        "nobody knows which it is",
        table(f"{ARN}1", key("1"), DENIED),
    ),
    row("use-13", "a new state", UNVERIFIED, "it is not known", table(f"{ARN}1", key("1", KeyState="New"), key("1"))),
    row("use-14", "just created", UNVERIFIED, "not ready", table(f"{ARN}1", key("1", KeyState="Creating"), key("1"))),
    row(
        "use-15",
        "a replica elsewhere, with the replica of a multi-Region key",
        PASS,
        "both are one key",
        table(
            MULTI.format(REGION),
            key(MULTI.format(REGION)),
            key(MULTI.format("eu-west-1")),
            key(MULTI.format(REGION)),
            replica=MULTI.format("eu-west-1"),
        ),
    ),
    row(
        "use-16",
        "a replica elsewhere whose own key is disabled",
        FAIL,
        "what remains when the region is lost cannot be read",
        table(
            f"{ARN}1",
            key("1"),
            key("arn:aws:kms:eu-west-1:123456789012:key/eu", KeyState="Disabled"),
            key("1"),
            replica="arn:aws:kms:eu-west-1:123456789012:key/eu",
        ),
    ),
    row(
        "use-17",
        "a replica elsewhere with the key of the same alias there",
        PASS,
        "an alias names a key in each region",
        table(
            f"{ARN}1",
            key("1"),
            key("arn:aws:kms:eu-west-1:123456789012:key/eu"),
            key("1"),
            key("arn:aws:kms:eu-west-1:123456789012:key/eu"),
            replica="arn:aws:kms:eu-west-1:123456789012:key/eu",
        ),
    ),
    row(
        "use-18",
        "a cluster and its snapshots",
        PASS,
        "one key",
        cluster(SNAPSHOT, keys=(key("1"), key("old"), key("1"))),
    ),
    row(
        "use-19",
        "the key of old snapshots is pending deletion",
        FAIL,
        "they cannot be restored then",
        cluster(SNAPSHOT, keys=(key("1"), key("old", KeyState="PendingDeletion"), key("1"))),
    ),
    row(
        "use-20",
        "a cluster in the clear",
        FAIL,
        "a key was promised",
        cluster(StorageEncrypted=False, KmsKeyId="", keys=(key("1"),)),
        "not encrypted",
    ),
    row(
        "use-21",
        "the master password has the key of AWS",
        PASS,
        "the storage was promised",
        cluster(MasterUserSecret={"KmsKeyId": f"{ARN}aws"}, keys=(key("1"), key("aws", KeyManager="AWS"), key("1"))),
    ),
    row("use-22", "records with the promised key", PASS, "so", bucket("aws:kms", key("1"), default=f"{ARN}1")),
    row("use-23", "a bucket with keys of S3", FAIL, "no key of the account", bucket("AES256", key("1"), key("1"))),
    row(
        "use-24",
        "aws:kms without a key",
        FAIL,
        "S3 takes that of AWS",
        bucket("aws:kms", key("aws", KeyManager="AWS"), key("1"), key("1")),
    ),
    row("use-25", "a new way to encrypt", UNVERIFIED, "not known", bucket("aws:quantum", key("1"))),
    row(
        "use-26",
        "a record from before the default, in the clear",
        FAIL,
        "the default changes no object",
        bucket("aws:kms", key("1"), default=f"{ARN}1", head={"ServerSideEncryption": "AES256"}),
    ),
    row(
        "use-27",
        "an old record with a key that was deleted",
        FAIL,
        "Object Lock keeps bytes that nobody can read",
        bucket("aws:kms", key("1"), GONE, key("1"), default=f"{ARN}1", head={"SSEKMSKeyId": f"{ARN}old"}),
    ),
    row(
        "use-28",
        "a queue with keys of SQS",
        NOT_APPLICABLE,
        "no key",
        queue({"SqsManagedSseEnabled": "true"}, promised=()),
    ),
    row(
        "use-29",
        "a queue whose alias leads to the promised key",
        PASS,
        "an alias names a key",
        queue({"KmsMasterKeyId": "alias/q"}, key("1"), key("1")),
    ),
    row("use-30", "a queue in the clear", FAIL, "a key was promised", queue({}, key("1")), "not encrypted"),
    row(
        "use-31", "a function without variables, logs encrypted", PASS, "so", function(GROUP, keys=(key("1"), key("1")))
    ),
    row(
        "use-32",
        "logs with a key of CloudWatch",
        FAIL,
        "a key was promised",
        function({"logGroupName": "/aws/lambda/f"}, keys=(key("1"),)),
    ),
    row(
        "use-33",
        "a namesake's logs, and none of its own yet",
        UNVERIFIED,
        "nobody knows how they will be encrypted",
        function({"logGroupName": "/aws/lambda/f-2", "kmsKeyId": f"{ARN}2"}, keys=(key("1"),)),
    ),
    row(
        "use-34",
        "variables under the default key",
        FAIL,
        "a key was promised",
        function(GROUP, keys=(key("1"), key("1")), Environment={"Variables": {"A": "1"}}),
    ),
)


@each(SITUATIONS)
def test_keys_in_use_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()


def test_every_status_is_met() -> None:
    """The table has situations of each verdict."""
    assert {status for situation in SITUATIONS for status in situation.right} == set(Status)
