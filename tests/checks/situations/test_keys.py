"""Keys and secrets: whether they can be used, are rotated in fact, and are closed to strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from basewatch.components import Key, Secret
from basewatch.model import Status, Verdict
from checks.encryption.key_policy import key_is_closed_to_strangers
from checks.encryption.key_rotation import key_rotates
from checks.encryption.secret_rotation import secret_rotates
from checks.inventory.kms_keys import key_is_usable
from checks.inventory.secrets import secret_is_available
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, REGION, refusal

PASS, FAIL, UNVERIFIED, NOT_APPLICABLE = Status.PASS, Status.FAIL, Status.UNVERIFIED, Status.NOT_APPLICABLE
DAY = timedelta(days=1)
ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1111"
KEY = Key.model_validate({"name": "alias/data", "rotation": "365d", "accounts": ["222222222222"]})
SECRET = Secret.model_validate({"name": "production/jwt", "rotation": "30d"})
STRANGER = "arn:aws:iam::999999999999"
OWN = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
Judged = Callable[[], Iterable[Verdict]]


def described(**fields: Any) -> dict[str, Any]:
    """DescribeKey's answer for a customer's symmetric key that is two years old."""
    metadata = {
        "KeyId": "1111",
        "Arn": ARN,
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "CreationDate": NOW - 730 * DAY,
        "Origin": "AWS_KMS",
        "KeySpec": "SYMMETRIC_DEFAULT",
        **fields,
    }
    return answer("kms:DescribeKey", KeyMetadata=metadata)


def usable(**fields: Any) -> Judged:
    """Whether the key with these fields is usable."""
    return judging(key_is_usable, KEY, {"kms:DescribeKey": described(**fields)})


def rotation(
    *rotated: int, status: Mapping[str, Any] | None = None, key: Key = KEY, **fields: Any
) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a key that was rotated so many days ago."""
    found = {
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
        "NextRotationDate": NOW + 30 * DAY,
        **(status or {}),
    }
    rotations = [{"KeyId": ARN, "RotationDate": NOW - days * DAY, "RotationType": "AUTOMATIC"} for days in rotated]
    sent = {name: value for name, value in found.items() if value is not None}
    answers = {
        "kms:DescribeKey": described(**fields),
        "kms:GetKeyRotationStatus": answer("kms:GetKeyRotationStatus", **sent),
        "kms:ListKeyRotations": answer("kms:ListKeyRotations", Rotations=rotations, Truncated=False),
    }
    return judging(key_rotates, key, answers)


def policy(*statements: Mapping[str, Any], grants: Iterable[Mapping[str, Any]] = (), own: bool = True) -> Judged:
    """The verdict on a key with the account's own statement, these, and these grants."""
    document = {"Version": "2012-10-17", "Statement": [*([OWN] if own else []), *statements]}
    answers = {
        "kms:DescribeKey": described(),
        "kms:GetKeyPolicy": answer("kms:GetKeyPolicy", Policy=json.dumps(document)),
        "kms:ListGrants": answer("kms:ListGrants", Grants=list(grants), Truncated=False),
    }
    return judging(key_is_closed_to_strangers, KEY, answers)


def allow(principal: Any, action: Any = "kms:Decrypt", **condition: Any) -> dict[str, Any]:
    """A statement that lets a principal use the key."""
    conditions = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **conditions}


def grant(grantee: str) -> dict[str, Any]:
    """A grant to a principal."""
    return {"KeyId": ARN, "GrantId": "g1", "GranteePrincipal": grantee, "Operations": ["Decrypt"]}


def secret(check: Any = secret_rotates, *, without: tuple[str, ...] = (), **fields: Any) -> Judged:
    """The verdict on a secret that was rotated ten days ago, but for the fields."""
    found = {
        "ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:production/jwt-abc",
        "Name": "production/jwt",
        "CreatedDate": NOW - 400 * DAY,
        "RotationEnabled": True,
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "LastRotatedDate": NOW - 10 * DAY,
        "NextRotationDate": NOW + 20 * DAY,
        "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]},
        **fields,
    }
    sent = {name: value for name, value in found.items() if name not in without}
    return judging(check, SECRET, {"secretsmanager:DescribeSecret": answer("secretsmanager:DescribeSecret", **sent)})


def row(  # noqa: PLR0917  # the columns of a table
    number: str, what: str, right: Status, why: str, judged: Judged, says: str = ""
) -> Situation:
    """One row with one right verdict."""
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


def denied(operation: str, check: Any, component: Any) -> Judged:
    """The verdict when an operation is denied."""
    return judging(check, component, {operation: refusal("AccessDeniedException", "denied")})


HMAC: dict[str, Any] = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
VIA_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}}
USABLE = (
    row("usable-1", "enabled", PASS, "it can be used", usable()),
    row(
        "usable-2",
        "pending deletion",
        FAIL,
        "all that it encrypts is lost in days",
        usable(KeyState="PendingDeletion", DeletionDate=NOW + 6 * DAY),
        "to be deleted on 2026-12-06",
    ),
    row("usable-3", "disabled", FAIL, "nothing can be decrypted", usable(KeyState="Disabled")),
    row("usable-4", "imported material that expired", FAIL, "it has none", usable(KeyState="PendingImport")),
    row("usable-5", "key store disconnected", FAIL, "nothing can be decrypted", usable(KeyState="Unavailable")),
    row(
        "usable-6",
        "primary waits for its replicas",
        FAIL,
        "it will be deleted",
        usable(KeyState="PendingReplicaDeletion"),
    ),
    row("usable-7", "just created", UNVERIFIED, "it is not ready", usable(KeyState="Creating")),
    row("usable-8", "its primary region is being changed", UNVERIFIED, "it will be", usable(KeyState="Updating")),
    row("usable-9", "a new state", UNVERIFIED, "nobody knows what it means", usable(KeyState="Quarantined")),
    row(
        "usable-10",
        "the alias was deleted",
        FAIL,
        "what is declared is not there",
        judging(key_is_usable, KEY, {"kms:DescribeKey": refusal("NotFoundException")}),
    ),
    row("usable-11", "denied", UNVERIFIED, "nothing was seen", denied("kms:DescribeKey", key_is_usable, KEY)),
)
ROTATION = (
    row("rotation-1", "rotated a month ago", PASS, "its material is young", rotation(400, 30)),
    row("rotation-2", "off", FAIL, "it never will be", rotation(400, status={"KeyRotationEnabled": False})),
    row(
        "rotation-3",
        "on since yesterday, and never rotated in two years",
        FAIL,
        "its material is two years old",
        rotation(status={"NextRotationDate": NOW + 364 * DAY}),
        "overdue",
    ),
    row("rotation-4", "last rotated 370 days ago", PASS, "KMS rotates on about the day", rotation(370)),
    row("rotation-5", "last rotated 380 days ago", FAIL, "a rotation is missing", rotation(380)),
    row(
        "rotation-6",
        "every two years, created a month ago",
        FAIL,
        "it will be older than promised",
        rotation(status={"RotationPeriodInDays": 730}, CreationDate=NOW - 30 * DAY),
    ),
    row("rotation-7", "created a month ago", PASS, "it is young", rotation(CreationDate=NOW - 30 * DAY)),
    row(
        "rotation-8",
        "pending deletion",
        UNVERIFIED,
        "KMS suspends the rotation, which is no fault of it",
        rotation(KeyState="PendingDeletion"),
    ),
    row("rotation-9", "disabled", UNVERIFIED, "KMS suspends the rotation", rotation(KeyState="Disabled")),
    row(
        "rotation-10",
        "imported material, two years old",
        UNVERIFIED,
        "KMS cannot rotate it, and a person may",
        rotation(Origin="EXTERNAL"),
    ),
    row(
        "rotation-11",
        "imported material, rotated on demand a month ago",
        PASS,
        "it was rotated",
        rotation(30, Origin="EXTERNAL"),
    ),
    row("rotation-12", "an HMAC key, two years old", UNVERIFIED, "KMS cannot rotate it", rotation(**HMAC)),
    row("rotation-13", "in a custom key store", UNVERIFIED, "KMS cannot", rotation(Origin="AWS_CLOUDHSM")),
    row("rotation-14", "managed by AWS", NOT_APPLICABLE, "AWS rotates it", rotation(KeyManager="AWS")),
    row(
        "rotation-15",
        "the period is missing",
        UNVERIFIED,
        "it was not said",
        rotation(30, status={"RotationPeriodInDays": None}),
    ),
)
POLICY = (
    row("policy-1", "the account's root alone", PASS, "IAM decides there", policy()),
    row("policy-2", "everybody", FAIL, "anybody can decrypt", policy(allow("*")), "everybody"),
    row("policy-3", "everybody, by AWS: *", FAIL, "it is the same", policy(allow({"AWS": "*"}))),
    row(
        "policy-4",
        "everybody through S3 and of this account",
        PASS,
        "only the account's own can call so",
        policy(allow({"AWS": "*"}, **VIA_S3)),
    ),
    row(
        "policy-5",
        "everybody through S3",
        FAIL,
        "strangers use S3 too",
        policy(allow({"AWS": "*"}, StringEquals={"kms:ViaService": f"s3.{REGION}.amazonaws.com"})),
    ),
    row(
        "policy-6",
        "everybody of the organization",
        PASS,
        "strangers are in none",
        policy(allow("*", StringEquals={"aws:PrincipalOrgID": "o-1"})),
    ),
    row(
        "policy-7",
        "an account that is declared",
        PASS,
        "it may",
        policy(allow({"AWS": "arn:aws:iam::222222222222:root"})),
    ),
    row("policy-8", "an account that is not", FAIL, "it is a stranger", policy(allow({"AWS": f"{STRANGER}:root"}))),
    row("policy-9", "a role of such an account", FAIL, "so", policy(allow({"AWS": f"{STRANGER}:role/x"}))),
    row(
        "policy-10",
        "the service of logs",
        PASS,
        "it acts for the account",
        policy(allow({"Service": "logs.amazonaws.com"})),
    ),
    row(
        "policy-11",
        "all principals but one",
        FAIL,
        "NotPrincipal with Allow is everybody else",
        policy({"Effect": "Allow", "NotPrincipal": {"AWS": f"{STRANGER}:root"}, "Action": "kms:*", "Resource": "*"}),
    ),
    row(
        "policy-12",
        "everybody allowed, and all denied",
        PASS,
        "the denial wins",
        policy(allow("*"), {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}),
    ),
    row(
        "policy-13",
        "a grant to a role of the account",
        PASS,
        "its own",
        policy(grants=[grant(f"arn:aws:iam::{ACCOUNT}:role/a")]),
    ),
    row("policy-14", "a grant to a stranger", FAIL, "it decrypts", policy(grants=[grant(f"{STRANGER}:role/x")]), "g1"),
    row(
        "policy-15",
        "a grant to RDS",
        PASS,
        "it encrypts the cluster",
        policy(grants=[grant(f"rds.{REGION}.amazonaws.com")]),
    ),
    row(
        "policy-16",
        "a grant to an internal id",
        UNVERIFIED,
        "whose it is is not known",
        policy(grants=[grant("AIDA123")]),
    ),
    row(
        "policy-17",
        "no policy document",
        UNVERIFIED,
        "it was not read",
        judging(
            key_is_closed_to_strangers,
            KEY,
            {
                "kms:DescribeKey": described(),
                "kms:GetKeyPolicy": answer("kms:GetKeyPolicy", Policy="{"),
                "kms:ListGrants": answer("kms:ListGrants", Grants=[], Truncated=False),
            },
        ),
    ),
)
SECRETS = (
    row("secret-1", "rotated ten days ago", PASS, "as promised", secret()),
    row(
        "secret-2",
        "never configured to rotate, so that AWS leaves the fields out",
        FAIL,
        "it never will be",
        secret(without=("RotationEnabled", "RotationRules", "LastRotatedDate", "NextRotationDate")),
    ),
    row("secret-3", "rotation cancelled", FAIL, "it never will be", secret(RotationEnabled=False)),
    row(
        "secret-4",
        "on, and the last three rotations failed",
        FAIL,
        "a setting is no rotation",
        secret(LastRotatedDate=NOW - 29 * DAY, NextRotationDate=NOW - 3 * DAY),
        "did not take place",
    ),
    row("secret-5", "due a few hours ago", PASS, "the window is a day", secret(NextRotationDate=NOW - DAY / 4)),
    row(
        "secret-6",
        "every 90 days",
        FAIL,
        "30 were promised",
        secret(RotationRules={"AutomaticallyAfterDays": 90}, NextRotationDate=NOW + 80 * DAY),
    ),
    row(
        "secret-7",
        "on since yesterday, and never rotated in 400 days",
        FAIL,
        "its value is 400 days old",
        secret(without=("LastRotatedDate",)),
        "never rotated",
    ),
    row(
        "secret-8",
        "made two days ago",
        PASS,
        "its value is two days old",
        secret(without=("LastRotatedDate",), CreatedDate=NOW - 2 * DAY),
    ),
    row(
        "secret-9",
        "a schedule that the rule does not state in days, last rotated 60 days ago",
        FAIL,
        "the date tells",
        secret(RotationRules={"ScheduleExpression": "cron(0 0 1 * ? *)"}, LastRotatedDate=NOW - 60 * DAY),
    ),
    row(
        "secret-10",
        "managed by RDS, every seven days",
        PASS,
        "RDS rotates it",
        secret(OwningService="rds", RotationRules={"AutomaticallyAfterDays": 7}, LastRotatedDate=NOW - 3 * DAY),
    ),
    row("secret-11", "scheduled for deletion", UNVERIFIED, "that is another fault", secret(DeletedDate=NOW - DAY)),
    row(
        "secret-12",
        "scheduled for deletion",
        FAIL,
        "it cannot be read",
        secret(secret_is_available, DeletedDate=NOW - DAY),
    ),
    row("secret-13", "no current version", FAIL, "it has no value", secret(secret_is_available, VersionIdsToStages={})),
    row(
        "secret-14",
        "the versions are missing",
        UNVERIFIED,
        "they were not said",
        secret(secret_is_available, without=("VersionIdsToStages",)),
    ),
    row(
        "secret-15",
        "a replica, whose primary was rotated",
        PASS,
        "it is rotated with it",
        secret(PrimaryRegion="eu-west-1"),
    ),
)


@each((*USABLE, *ROTATION, *POLICY, *SECRETS))
def test_keys_and_secrets_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
