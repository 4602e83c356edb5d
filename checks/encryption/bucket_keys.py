"""Checks of the KMS keys on which the objects of a bucket depend: records under Object Lock, and dumps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.check import FollowsFrom, check
from basewatch.components import AuditBucket, DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Status, Verdict
from checks.backup.dump_listing import list_dumps
from checks.encryption.key_use import KeysInUse, KeyUse, Protection, grouped, key_verdicts, keys_in_use
from checks.retention.sampling import by_rule
from checks.retention.version_listing import list_versions

_NO_DEFAULT = "ServerSideEncryptionConfigurationNotFoundError"
_ALGORITHMS = {"AES256": Protection.HIDDEN, "aws:kms": Protection.KMS, "aws:kms:dsse": Protection.KMS}
_KEY_OF_AWS = "alias/aws/s3"


def audit_bucket_keys(aws: AwsClient, bucket: AuditBucket) -> KeysInUse:
    """The key of the bucket's default encryption, and those of the versions that are sampled by rule."""
    return keys_in_use(aws, bucket, chain(_default(aws, bucket.name), _of_versions(aws, bucket)))


def dump_keys(aws: AwsClient, dumps: DumpBackups) -> KeysInUse:
    """The key of the bucket's default encryption, and those of the oldest and the newest dump."""
    return keys_in_use(aws, dumps, chain(_default(aws, dumps.bucket), _of_dumps(aws, dumps)))


def _default(aws: AwsClient, bucket: str) -> Iterator[KeyUse]:
    answer = aws.call("s3", "GetBucketEncryption", accepted_errors=(_NO_DEFAULT,), Bucket=bucket)
    if accepted_error(answer):
        yield KeyUse(part="new objects", protection=Protection.NONE)
        return
    path = ("ServerSideEncryptionConfiguration", "Rules", 0, "ApplyServerSideEncryptionByDefault")
    algorithm = required(answer, *path, "SSEAlgorithm", kind=str)
    yield _use("new objects", algorithm, optional(answer, *path, "KMSMasterKeyID", kind=str))


def _use(part: str, algorithm: str, key: str | None) -> KeyUse:
    if algorithm not in _ALGORITHMS:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"AWS encrypts {part} in a way that Basewatch does not know: {algorithm[:40]}",
            remedy="report this with the version of Basewatch",
        )
    if _ALGORITHMS[algorithm] is not Protection.KMS:
        return KeyUse(part=part, protection=_ALGORITHMS[algorithm])
    return KeyUse(part=part, key=key or _KEY_OF_AWS)


def _of_versions(aws: AwsClient, bucket: AuditBucket) -> Iterator[KeyUse]:
    found = list_versions(aws, bucket, bucket.object_lock.sample)
    chosen = by_rule(found.versions, found.seed)
    heads = (
        aws.call("s3", "HeadObject", Bucket=bucket.name, Key=version.key, VersionId=version.version_id)
        for version in chosen
    )
    if not chosen:
        raise _nothing_stored("version")
    yield from grouped((_stored(head) for head in heads), "sampled versions")


def _of_dumps(aws: AwsClient, dumps: DumpBackups) -> Iterator[KeyUse]:
    ours = list_dumps(aws, dumps).ours
    chosen = dict.fromkeys(dump.head.key for dump in (*ours[:1], *ours[-1:]))
    heads = (aws.call("s3", "HeadObject", Bucket=dumps.bucket, Key=key) for key in chosen)
    if not chosen:
        raise _nothing_stored("dump")
    yield from grouped((_stored(head) for head in heads), "sampled dumps")


def _nothing_stored(what: str) -> ObservationError:
    remedy = "run again once there is one: what is stored can have another key than the default"
    return ObservationError(Reason.NOT_ENOUGH_DATA, f"there is no {what} whose key could be read", remedy=remedy)


def _stored(head: dict[str, object]) -> KeyUse:
    required(head, "LastModified", kind=datetime)
    algorithm = optional(head, "ServerSideEncryption", kind=str)
    if algorithm is None:
        # S3 leaves the header out of an object that was stored in the clear, or with a key of the client.
        own = optional(head, "SSECustomerAlgorithm", kind=str)
        return KeyUse(part="", protection=Protection.HIDDEN if own else Protection.NONE)
    return _use("", algorithm, optional(head, "SSEKMSKeyId", kind=str))


@check(
    "encryption.audit_bucket.keys",
    component=AuditBucket,
    observe=audit_bucket_keys,
    severity=Severity.HIGH,
    proof=Proof.SAMPLE,
    needs=("kms:DescribeKey", "s3:GetEncryptionConfiguration", "s3:GetObjectVersion", "s3:ListBucketVersions"),
    promises=("keys",),
)
def audit_keys_can_be_used(facts: KeysInUse, bucket: AuditBucket, _now: datetime) -> Iterator[Verdict]:
    """Every key of the audit bucket and of its sampled versions can be used, and is a promised one.

    Why: Object Lock keeps the bytes. When the key is deleted they stay where they are, and nobody can read them again.
    Reads: s3:GetBucketEncryption: the default key. s3:HeadObject: the key of the oldest, the newest, an overwritten
    version, and one of each prefix. kms:DescribeKey: state and manager of each key.
    Unverified when: A call is denied, throttled or fails, a key is being created or changed, its state is unknown, or
    it is in another account that does not let it be described.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws s3api put-bucket-encryption with the promised key.
    Source: Amazon S3 User Guide, Using server-side encryption with AWS KMS keys,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    yield from key_verdicts(facts, bucket)


@check(
    "encryption.dumps.keys",
    component=DumpBackups,
    observe=dump_keys,
    severity=Severity.HIGH,
    proof=Proof.SAMPLE,
    needs=("kms:DescribeKey", "s3:GetEncryptionConfiguration", "s3:GetObject", "s3:ListBucket"),
    promises=("keys",),
    follows_from=(
        FollowsFrom(check="backup.dump.freshness", status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA,)),
    ),
)
def dump_keys_can_be_used(facts: KeysInUse, dumps: DumpBackups, _now: datetime) -> Iterator[Verdict]:
    """Every key of the dumps' bucket and of the oldest and newest dump can be used, and is a promised one.

    Why: A dump that cannot be decrypted restores nothing, however recent and complete it is.
    Reads: s3:GetBucketEncryption: the default key. s3:HeadObject: the key of the oldest and of the newest dump.
    kms:DescribeKey: state and manager of each key.
    Unverified when: A call is denied, throttled or fails, a key is being created or changed, its state is unknown, or
    it is in another account that does not let it be described.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws s3api put-bucket-encryption with the promised key.
    Source: Amazon S3 User Guide, Using server-side encryption with AWS KMS keys,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    yield from key_verdicts(facts, dumps)
