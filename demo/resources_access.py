"""Who may do what: the operator, the watcher and its role, the service roles, the key and the secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import boto3

from demo.moto_backends import ACCOUNT, REGION, backend
from demo.resources_context import BuildContext


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """The access key of one user of the emulated account; worthless anywhere else."""

    id: str
    secret: str = field(repr=False)

    def session(self) -> boto3.Session:
        """A boto3 session of this user."""
        return boto3.Session(aws_access_key_id=self.id, aws_secret_access_key=self.secret, region_name=REGION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoles:
    """The ARNs of the roles that services take on."""

    function: str
    proxy: str


def create_user(name: str) -> AccessKey:
    """A new user and its key, made before anything is served: nobody could sign the request for it."""
    iam = backend("iam")
    iam.create_user(REGION, name)
    key = iam.create_access_key(name)
    return AccessKey(id=key.access_key_id, secret=key.secret_access_key)


def create_roles(site: BuildContext) -> ServiceRoles:
    """The role that Basewatch takes on to look, and those of the functions and the proxy."""
    iam = site.client("iam")
    # What it may read is not written here: moto weighs no policy, and `Cloud.deny` takes rights away one at a time.
    trust = _trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    iam.create_role(RoleName="basewatch-reader", AssumeRolePolicyDocument=trust)
    arns = {
        service: iam.create_role(
            RoleName=f"securebase-production-{service}",
            AssumeRolePolicyDocument=_trust({"Service": f"{service}.amazonaws.com"}),
        )["Role"]["Arn"]
        for service in ("lambda", "rds")
    }
    return ServiceRoles(function=arns["lambda"], proxy=arns["rds"])


def create_key(site: BuildContext) -> str:
    """The customer's own key that encrypts what is stored, rotated yearly; its ARN."""
    kms = site.client("kms")
    key = kms.create_key(Description="SecureBase production data", MultiRegion=False)["KeyMetadata"]
    kms.create_alias(AliasName="alias/securebase-data", TargetKeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["KeyId"])
    backend("kms").keys[key["KeyId"]].creation_date = site.built_at.timestamp()
    return str(key["Arn"])


def create_secrets(site: BuildContext, key: str) -> str:
    """The database's and the token signer's secrets, each rotated every 30 days; the database's ARN."""
    secrets = site.client("secretsmanager")
    arns = {}
    for name in ("database", "jwt-signing-key"):
        arns[name] = secrets.create_secret(
            Name=f"securebase/production/{name}", SecretString=json.dumps({"value": "demo"}), KmsKeyId=key
        )["ARN"]
        secrets.rotate_secret(
            SecretId=arns[name], RotationRules={"AutomaticallyAfterDays": 30}, RotateImmediately=False
        )
    return str(arns["database"])


def _trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
