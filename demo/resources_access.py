"""The account's users, roles, key and secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import boto3

from demo.account import ACCOUNT, REGION, BuildContext, backend
from demo.answered_operations import Answer
from demo.moto_kms import ROTATION_PERIOD

SECRETS = ("production/database_url", "production/jwt_secret")

FUNCTION_ROLE = "securebase-production-lambda"
BREAK_GLASS = "securebase-break-glass"
"""The role that is used in an emergency, and may do everything."""
EMERGENCY_USER = "securebase-emergency"
"""The user who may assume that role, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """The access key of one user of the emulated account; it is valid nowhere else."""

    id: str
    secret: str = field(repr=False)

    def session(self) -> boto3.Session:
        """A boto3 session of this user."""
        return boto3.Session(aws_access_key_id=self.id, aws_secret_access_key=self.secret, region_name=REGION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoles:
    """The ARNs of the service roles."""

    function: str
    proxy: str


def create_user(name: str) -> AccessKey:
    """A new user and its access key, created in moto's state, since no user could sign the first request."""
    iam = backend("iam")
    iam.create_user(REGION, name)
    key = iam.create_access_key(name)
    return AccessKey(id=key.access_key_id, secret=key.secret_access_key)


def create_roles(context: BuildContext) -> ServiceRoles:
    """Create the role that Basewatch assumes, and the roles of the functions and the proxy."""
    iam = context.client("iam")
    # It has no policy, because moto evaluates none; `EmulatedAws.deny` removes single permissions.
    trust = _trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    iam.create_role(RoleName="basewatch-reader", AssumeRolePolicyDocument=trust)
    arns = {
        service: iam.create_role(
            RoleName=f"securebase-production-{service}",
            AssumeRolePolicyDocument=_trust({"Service": f"{service}.amazonaws.com"}),
        )["Role"]["Arn"]
        for service in ("lambda", "rds")
    }
    iam.put_role_policy(RoleName=FUNCTION_ROLE, PolicyName="own-resources", PolicyDocument=_function_policy())
    context.answer("iam:GetAccountSummary", account_summary())
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)
    _create_break_glass(iam)
    return ServiceRoles(function=arns["lambda"], proxy=arns["rds"])


def _function_policy() -> str:
    """What the functions may do: use the platform's own tables and secrets, and write logs and traces."""
    tables = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/securebase-production-*"
    secrets = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:securebase/production/*"
    on_tables = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    statements = [
        {"Effect": "Allow", "Action": on_tables, "Resource": tables},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secrets},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "xray:Put*"], "Resource": "*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def account_summary(**counts: int) -> Answer:
    """IAM's summary of the account with these counts: moto never says that the root user has MFA."""
    summary = {
        "AccountMFAEnabled": 1,
        "AccountAccessKeysPresent": 0,
        "AccountPasswordPresent": 1,
        "AccountSigningCertificatesPresent": 0,
        **counts,
    }
    return lambda _parameters: {"SummaryMap": summary}


def break_glass_trust(operator: str = "Bool") -> str:
    """The trust policy of the break-glass role: the account's users with MFA, by this operator of the condition."""
    condition = {operator: {"aws:MultiFactorAuthPresent": "true"}}
    return _trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, condition)


def _create_break_glass(iam: Any) -> None:
    """Create the role that may do everything, by an inline policy as moto has none of AWS's own, and its user."""
    iam.create_role(RoleName=BREAK_GLASS, AssumeRolePolicyDocument=break_glass_trust())
    iam.put_role_policy(RoleName=BREAK_GLASS, PolicyName="administrator", PolicyDocument=allowing("*", "*"))
    iam.create_user(UserName=EMERGENCY_USER)
    iam.create_login_profile(UserName=EMERGENCY_USER, Password="Demo-only-1234")
    role = f"arn:aws:iam::{ACCOUNT}:role/{BREAK_GLASS}"
    iam.put_user_policy(
        UserName=EMERGENCY_USER, PolicyName="break-glass", PolicyDocument=allowing("sts:AssumeRole", role)
    )
    add_mfa(iam)


def add_mfa(iam: Any) -> None:
    """Give the user for emergencies an MFA device."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=EMERGENCY_USER)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=EMERGENCY_USER, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="234567"
    )


def allowing(action: str | list[str], resource: str | list[str]) -> str:
    """A policy that allows an action on a resource, or several."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_key(context: BuildContext) -> str:
    """Create the customer managed key that encrypts all data, with yearly rotation; returns its ARN."""
    kms = context.client("kms")
    key = kms.create_key(Description="SecureBase production data", MultiRegion=False)["KeyMetadata"]
    kms.create_alias(AliasName="alias/securebase-data", TargetKeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["KeyId"])
    state = backend("kms").keys[key["KeyId"]]
    state.creation_date = context.built_at.timestamp()
    rotated = (context.built_at + ROTATION_PERIOD).timestamp()
    state.rotations = [{"KeyId": key["KeyId"], "RotationDate": rotated, "RotationType": "AUTOMATIC"}]
    return str(key["Arn"])


def create_secrets(context: BuildContext, key: str) -> str:
    """Create the secrets of the database and of the token signer, rotated every 30 days; returns the database's ARN."""
    secrets = context.client("secretsmanager")
    arns = {}
    for name in SECRETS:
        arns[name] = secrets.create_secret(Name=name, SecretString=json.dumps({"value": "demo"}), KmsKeyId=key)["ARN"]
        secrets.rotate_secret(
            SecretId=arns[name], RotationRules={"AutomaticallyAfterDays": 30}, RotateImmediately=False
        )
        state = backend("secretsmanager").secrets[arns[name]]
        state.created_date = context.built_at.timestamp()
        state.last_rotation_date = (context.now - timedelta(days=10)).timestamp()
        state.next_rotation_date = (context.now + timedelta(days=20)).timestamp()
    return str(arns["production/database_url"])


def _trust(principal: dict[str, str], condition: dict[str, Any] | None = None) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
