"""Authentication of the fake: the form of SigV4 is checked, and the access key names the account.

`AKIA<account>MAIN` is a user's long-term key. STS issues `ASIA<account>MAIN`, whose token holds its issue time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.cloudwatch.metric_data_request import FakeAwsError

_SIGNED = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=(A[KS]IA)(\d{12})MAIN/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
    rb"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile(rb"\d{8}T\d{6}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The account, region and service of a signed request; `role` is empty for a user."""

    account_id: str
    region: str
    service: str
    role: str = ""

    @property
    def arn(self) -> str:
        """The principal as STS names it."""
        if self.role:
            return f"arn:aws:sts::{self.account_id}:assumed-role/{self.role}"
        return f"arn:aws:iam::{self.account_id}:user/benchmark"


def user_key(account_id: str) -> str:
    """The access key of an account's user."""
    return f"AKIA{account_id}MAIN"


def role_keys(account_id: str, role: str, session: str, at: float) -> dict[str, str]:
    """The keys that STS issues for a role at `at`."""
    token = f"{at:.3f}/{role}/{session}"
    return {"AccessKeyId": f"ASIA{account_id}MAIN", "SecretAccessKey": "fake", "SessionToken": token}


def authenticate(headers: Mapping[bytes, bytes], session_seconds: float, at: float) -> Caller:
    """The caller. Raises: FakeAwsError, as AWS does for missing or malformed signatures and expired keys."""
    signed = _SIGNED.fullmatch(headers.get(b"authorization", b""))
    if signed is None:
        raise FakeAwsError(
            "MissingAuthenticationToken", "The request is not signed, or its signature has no known form."
        )
    kind, account_id, day, region, service, names, _ = (part.decode() for part in signed.groups())
    date = headers.get(b"x-amz-date", b"")
    if not _DATE.fullmatch(date) or date[:8].decode() != day:
        raise FakeAwsError("IncompleteSignature", "X-Amz-Date is missing, or not of the credential's day.")
    if not {"host", "x-amz-date"} <= set(names.split(";")):
        raise FakeAwsError("IncompleteSignature", "The host and the date are not among the signed headers.")
    if kind == "AKIA":
        return Caller(account_id=account_id, region=region, service=service)
    issued, _, role = headers.get(b"x-amz-security-token", b"").decode().partition("/")
    if not role or "x-amz-security-token" not in names.split(";"):
        raise FakeAwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    if session_seconds and at > float(issued) + session_seconds:
        raise FakeAwsError("ExpiredTokenException", "The security token included in the request is expired.", 403)
    return Caller(account_id=account_id, region=region, service=service, role=role)
