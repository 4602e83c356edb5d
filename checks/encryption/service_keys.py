"""Checks of the KMS keys on which a backup vault, a secret, a function and a queue depend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import BackupVault, Function, Queue, Secret
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict
from checks.encryption.key_use import KeysInUse, KeyUse, Protection, key_verdicts, keys_in_use
from checks.inventory.secrets import secret_state


def vault_keys(aws: AwsClient, vault: BackupVault) -> KeysInUse:
    """The key of the vault, by ListBackupVaults. Raises: NotFoundError, when no vault has the name."""
    pages = aws.pages("backup", "ListBackupVaults")
    vaults = [each for page in pages for each in required(page, "BackupVaultList", kind=list)]
    named = next((each for each in vaults if each.get("BackupVaultName") == vault.name), None)
    if named is None:
        raise NotFoundError(f"no vault is named {vault.name}")
    return keys_in_use(aws, vault, [KeyUse(part="the vault", key=required(named, "EncryptionKeyArn", kind=str))])


def secret_keys(aws: AwsClient, secret: Secret) -> KeysInUse:
    """The key of the secret; DescribeSecret leaves out that of AWS."""
    key = secret_state(aws, secret).key
    use = KeyUse(part="the secret", key=key) if key else KeyUse(part="the secret", protection=Protection.HIDDEN)
    return keys_in_use(aws, secret, [use])


def function_keys(aws: AwsClient, function: Function) -> KeysInUse:
    """The keys of the function's environment, if it has variables, and of its log group."""
    return keys_in_use(aws, function, _of_function(aws, function))


def _of_function(aws: AwsClient, function: Function) -> Iterator[KeyUse]:
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    required(answer, "State", kind=str)
    key = optional(answer, "KMSKeyArn", kind=str)
    if key:
        yield KeyUse(part="the environment", key=key)
    elif optional(answer, "Environment", "Variables", kind=dict):
        yield KeyUse(part="the environment", protection=Protection.HIDDEN)
    name = optional(answer, "LoggingConfig", "LogGroup", kind=str)
    name = name or f"/aws/lambda/{function.unqualified_name.rpartition(':')[2]}"
    pages = aws.pages("logs", "DescribeLogGroups", logGroupNamePrefix=name)
    groups = [each for page in pages for each in required(page, "logGroups", kind=list)]
    own = [group for group in groups if required(group, "logGroupName", kind=str) == name]
    if function.keys and not own:
        remedy = "run again once the function has run: Lambda then creates the group, unless somebody did before"
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"there is no log group {name} yet", remedy=remedy)
    for group in own:
        key = optional(group, "kmsKeyId", kind=str)
        yield KeyUse(part="the logs", key=key or "", protection=Protection.KMS if key else Protection.HIDDEN)


def queue_keys(aws: AwsClient, queue: Queue) -> KeysInUse:
    """The key of the queue, by GetQueueAttributes. Raises: NotFoundError, when there is no such queue."""
    url = required(aws.call("sqs", "GetQueueUrl", QueueName=queue.name), "QueueUrl", kind=str)
    asked = ["QueueArn", "KmsMasterKeyId", "SqsManagedSseEnabled"]
    answer = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=asked)
    required(answer, "Attributes", "QueueArn", kind=str)
    key = optional(answer, "Attributes", "KmsMasterKeyId", kind=str)
    managed = optional(answer, "Attributes", "SqsManagedSseEnabled", kind=str) == "true"
    hidden = Protection.HIDDEN if managed else Protection.NONE
    use = KeyUse(part="the queue", key=key or "", protection=Protection.KMS if key else hidden)
    return keys_in_use(aws, queue, [use])


@check(
    "encryption.vault.keys",
    component=BackupVault,
    observe=vault_keys,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("backup:ListBackupVaults", "kms:DescribeKey"),
    promises=("keys",),
)
def vault_keys_can_be_used(facts: KeysInUse, vault: BackupVault, _now: datetime) -> Iterator[Verdict]:
    """The key of the backup vault can be used, and is a promised one.

    Why: No recovery point of a vault can be restored without its key.
    Reads: backup:ListBackupVaults: EncryptionKeyArn. kms:DescribeKey: state and manager of the key.
    Unverified when: A call is denied, throttled or fails, the vault has no key of the account, the key is being created
    or changed, or its state is unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key. The key of a vault cannot be changed: copy the recovery
    points into a vault with the promised key.
    Source: AWS Backup Developer Guide, Encryption for backups in AWS Backup,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
    """
    yield from key_verdicts(facts, vault)


@check(
    "encryption.secret.keys",
    component=Secret,
    observe=secret_keys,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey", "secretsmanager:DescribeSecret"),
    promises=("keys",),
)
def secret_keys_can_be_used(facts: KeysInUse, secret: Secret, _now: datetime) -> Iterator[Verdict]:
    """The key of the secret can be used, and is a promised one.

    Why: Without its key a secret cannot be read, and what needs it does not start.
    Reads: secretsmanager:DescribeSecret: KmsKeyId. kms:DescribeKey: state and manager of the key.
    Unverified when: A call is denied, throttled or fails, the key is being created or changed, or its state is unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws secretsmanager update-secret --kms-key-id.
    Source: AWS Secrets Manager User Guide, Secret encryption and decryption,
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    yield from key_verdicts(facts, secret)


@check(
    "encryption.function.keys",
    component=Function,
    observe=function_keys,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey", "lambda:GetFunctionConfiguration", "logs:DescribeLogGroups"),
    promises=("keys",),
)
def function_keys_can_be_used(facts: KeysInUse, function: Function, _now: datetime) -> Iterator[Verdict]:
    """Every key of the function's environment and logs can be used, and is a promised one.

    Why: A function whose environment cannot be decrypted does not start, and CloudWatch drops logs without their key.
    Reads: lambda:GetFunctionConfiguration: KMSKeyArn, if there are variables, and the log group.
    logs:DescribeLogGroups: kmsKeyId of the log group. kms:DescribeKey: state and manager of each key.
    Unverified when: A call is denied, throttled or fails, a key is being created or changed, its state is unknown, or
    the function has never run and has no log group, although a key is promised.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws lambda update-function-configuration --kms-key-arn;
    aws logs associate-kms-key.
    Source: Amazon CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    yield from key_verdicts(facts, function)


@check(
    "encryption.queue.keys",
    component=Queue,
    observe=queue_keys,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
    promises=("keys",),
)
def queue_keys_can_be_used(facts: KeysInUse, queue: Queue, _now: datetime) -> Iterator[Verdict]:
    """The key of the queue can be used, and is a promised one.

    Why: Nothing can be sent to a queue whose key is disabled or deleted, and nothing in it can be received.
    Reads: sqs:GetQueueAttributes: KmsMasterKeyId and SqsManagedSseEnabled. kms:DescribeKey: state and manager.
    Unverified when: A call is denied, throttled or fails, the key is being created or changed, or its state is unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key; aws sqs set-queue-attributes with KmsMasterKeyId.
    Source: Amazon SQS Developer Guide, Encryption at rest in Amazon SQS,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
    """
    yield from key_verdicts(facts, queue)
