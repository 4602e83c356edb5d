"""Faults of keys and secrets of the emulated AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import ACCOUNT, PREFIX, backend
from demo.faults.fault import ExpectedFinding, Fault, undeclared_or_gone
from demo.resources_access import SECRETS
from demo.resources_audit import secure_policy
from demo.resources_functions import FUNCTIONS
from demo.resources_tables import TABLES, UNRECOVERED

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_KEY = "alias/securebase-data"
_SECRET = "production/jwt_secret"  # its name
_TABLE = f"table/{PREFIX}-invoices"
_MONTH = timedelta(days=30)


def _expected(check: str, component: str, status: Status = Status.FAIL) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=component, status=status)


def _dependents(check: str, *components: str) -> Iterator[ExpectedFinding]:
    return (_expected(check, component) for component in components)


def key_id(sandbox: Sandbox) -> str:
    """The id of the key that encrypts everything."""
    return str(sandbox.aws.client("kms").describe_key(KeyId=_KEY)["KeyMetadata"]["KeyId"])


def _delete_key(sandbox: Sandbox) -> None:
    sandbox.aws.client("kms").schedule_key_deletion(KeyId=key_id(sandbox), PendingWindowInDays=7)


def _keep_key(sandbox: Sandbox) -> None:
    kms, key = sandbox.aws.client("kms"), key_id(sandbox)
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)


def _policy(*statements: dict[str, Any]) -> Callable[[Sandbox], None]:
    """Sets the key's policy: the account's own statement, and these."""
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}

    def put(sandbox: Sandbox) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})
        sandbox.aws.client("kms").put_key_policy(KeyId=key_id(sandbox), PolicyName="default", Policy=document)

    return put


def _rotated(ago: timedelta) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        # No API of AWS sets these dates.
        last = datetime.now(UTC) - ago
        secret = backend("secretsmanager").secrets[_SECRET]
        secret.last_rotation_date, secret.next_rotation_date = last.timestamp(), (last + _MONTH).timestamp()

    return put


def _table_key(*, enabled: bool) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        # moto does not modify this setting.
        backend("dynamodb").tables[_TABLE.partition("/")[2]].sse_specification["Enabled"] = enabled

    return put


def _deny_http(action: str) -> Callable[[Sandbox], None]:
    """Sets the policy of the dumps' bucket, whose denial of requests without TLS is of this action."""
    bucket = f"{PREFIX}-backups"
    policy = secure_policy(bucket)
    policy["Statement"][0]["Action"] = action
    return lambda sandbox: sandbox.aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


KEY_FAULTS = (
    Fault(
        name="key-deleted",
        title="Someone schedules the deletion of the key that encrypts everything",
        apply=_delete_key,
        repair=_keep_key,
        expected_findings=(
            _expected("inventory.key.usable", f"key/{_KEY}"),
            _expected("encryption.kms.rotation", f"key/{_KEY}", Status.UNVERIFIED),
            *_dependents("encryption.aurora.keys", "aurora_cluster/securebase-production"),
            *_dependents("encryption.table.keys", *(f"table/{PREFIX}-{name}" for name in (*TABLES, *UNRECOVERED))),
            *_dependents("encryption.function.keys", *(f"function/{PREFIX}-{name}" for name, _, _ in FUNCTIONS)),
            *_dependents("encryption.audit_bucket.keys", f"audit_bucket/{PREFIX}-audit-logs"),
            *_dependents("encryption.dumps.keys", f"dump_backups/{PREFIX}-backups"),
            *_dependents("encryption.vault.keys", f"backup_vault/{PREFIX}"),
            *_dependents("encryption.queue.keys", f"queue/{PREFIX}-analytics-dlq"),
            *_dependents("encryption.secret.keys", *(f"secret/{name}" for name in SECRETS)),
        ),
    ),
    Fault(
        name="table-key-of-aws",
        title="Someone encrypts the invoices with a key that AWS owns",
        apply=_table_key(enabled=False),
        repair=_table_key(enabled=True),
        expected_findings=tuple(_dependents("encryption.table.keys", _TABLE)),
    ),
    Fault(
        name="http-allowed",
        title="Someone narrows the dumps' denial of requests without TLS to reads",
        apply=_deny_http("s3:GetObject"),
        repair=_deny_http("s3:*"),
        expected_findings=tuple(_dependents("encryption.s3.deny_http", f"dump_backups/{PREFIX}-backups")),
    ),
    Fault(
        name="key-not-rotated",
        title="Someone disables the rotation of the key",
        apply=lambda sandbox: sandbox.aws.client("kms").disable_key_rotation(KeyId=key_id(sandbox)),
        repair=lambda sandbox: sandbox.aws.client("kms").enable_key_rotation(KeyId=key_id(sandbox)),
        expected_findings=(_expected("encryption.kms.rotation", f"key/{_KEY}"),),
    ),
    Fault(
        name="key-policy-open",
        title="Someone lets every AWS account decrypt with the key",
        apply=_policy({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}),
        repair=_policy(),
        expected_findings=(_expected("encryption.kms.policy", f"key/{_KEY}"),),
    ),
    Fault(
        name="secret-not-rotated",
        title="The rotation of the token signer's secret has failed for two weeks",
        apply=_rotated(timedelta(days=44)),
        repair=_rotated(timedelta(days=10)),
        expected_findings=(_expected("encryption.secrets.rotation", f"secret/{_SECRET}"),),
    ),
    Fault(
        name="secret-deleted",
        title="Someone schedules the deletion of the token signer's secret",
        apply=lambda sandbox: sandbox.aws.client("secretsmanager").delete_secret(SecretId=_SECRET),
        repair=lambda sandbox: sandbox.aws.client("secretsmanager").restore_secret(SecretId=_SECRET),
        expected_findings=(
            _expected("inventory.secret.available", f"secret/{_SECRET}"),
            _expected("encryption.secrets.rotation", f"secret/{_SECRET}", Status.UNVERIFIED),
            undeclared_or_gone(f"secret/{_SECRET}"),
        ),
    ),
)
