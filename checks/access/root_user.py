"""A check that the root user of an AWS account has no access key, and MFA wherever it has a password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.model import Proof, Severity, Verdict, failed, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class RootUser:
    """The credentials of the root user. `password` is None where AWS does not say whether there is one."""

    mfa: bool
    access_keys: bool
    certificates: bool
    password: bool | None


def root_user(aws: AwsClient, _account: AwsAccount) -> RootUser:
    """The credentials, from GetAccountSummary."""
    summary = required(aws.call("iam", "GetAccountSummary"), "SummaryMap", kind=dict)
    password = optional(summary, "AccountPasswordPresent", kind=int)
    return RootUser(
        mfa=required(summary, "AccountMFAEnabled", kind=int) > 0,
        access_keys=required(summary, "AccountAccessKeysPresent", kind=int) > 0,
        certificates=(optional(summary, "AccountSigningCertificatesPresent", kind=int) or 0) > 0,
        password=None if password is None else password > 0,
    )


@check(
    "access.iam.root",
    component=AwsAccount,
    observe=root_user,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("iam:GetAccountSummary",),
    promises=("root_secured",),
)
def root_is_secured(facts: RootUser, _account: AwsAccount, _now: datetime) -> Iterator[Verdict]:
    """The root user has no access key, and cannot sign in without MFA.

    Why: No policy limits the root user: who signs in as it can delete every backup and close the account.
    Reads: iam:GetAccountSummary: AccountMFAEnabled, AccountAccessKeysPresent, AccountSigningCertificatesPresent and
    AccountPasswordPresent. A root user without a password, as an organization can make it, needs no MFA. When it was
    used last is not read, nor whether the MFA device is a hardware one.
    Unverified when: The call is denied, throttled or fails, or the response lacks a field.
    Fix: Sign in as the root user, delete its access keys and add an MFA device; or remove the root credentials of a
    member account from the organization's management account.
    Source: IAM User Guide, Root user best practices,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
    """
    expected = "MFA, no access key"
    observed = ", ".join(
        (
            "no password" if facts.password is False else "MFA" if facts.mfa else "no MFA",
            "an access key" if facts.access_keys else "no access key",
            *(["a signing certificate"] if facts.certificates else []),
        )
    )
    if facts.access_keys or facts.certificates:
        yield failed("The root user has keys of its own", observed=observed, expected=expected)
    elif not facts.mfa and facts.password is not False:
        yield failed("The root user signs in without MFA", observed=observed, expected=expected)
    else:
        yield passed("The root user is secured", observed=observed, expected=expected)
