"""A check that the users of an AWS account sign in with MFA, and use and replace their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.components.account import Credentials
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed
from basewatch.quantities import format_duration

_NONE = "NoSuchEntity"
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKey:
    """An active access key by the end of its id; `used` is when it was used last, None if never."""

    ends: str
    created: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of IAM. `password` is when its password was made, None without one; `signed_in`, when it was used last."""

    name: str
    password: datetime | None
    signed_in: datetime | None
    mfa: bool
    keys: tuple[UserKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCredentials:
    """The users of the account, and its password policy: least length, and how many passwords may not be used again.

    Without a policy both are 0; IAM then asks for 8 characters.
    """

    users: tuple[User, ...]
    password_length: int
    passwords_remembered: int


def user_credentials(aws: AwsClient, _account: AwsAccount) -> UserCredentials:
    """The password, MFA devices and access keys of each user, and the password policy of the account."""
    answer = aws.call("iam", "GetAccountPasswordPolicy", accepted_errors=(_NONE,))
    policy = {} if accepted_error(answer) else required(answer, "PasswordPolicy", kind=dict)
    listed = [each for page in aws.pages("iam", "ListUsers") for each in required(page, "Users", kind=list)]
    try:
        users = tuple(_user(aws, each) for each in listed)
    except NotFoundError as error:
        raise ObservationError(Reason.STALE, f"a user was deleted meanwhile: {error}", remedy="run again") from error
    return UserCredentials(
        users=users,
        password_length=optional(policy, "MinimumPasswordLength", kind=int) or 0,
        passwords_remembered=optional(policy, "PasswordReusePrevention", kind=int) or 0,
    )


def _user(aws: AwsClient, described: dict[str, Any]) -> User:
    name = required(described, "UserName", kind=str)
    profile = aws.call("iam", "GetLoginProfile", accepted_errors=(_NONE,), UserName=name)
    pages = aws.pages("iam", "ListMFADevices", UserName=name)
    devices = [each for page in pages for each in required(page, "MFADevices", kind=list)]
    return User(
        name=name,
        password=None if accepted_error(profile) else required(profile, "LoginProfile", "CreateDate", kind=datetime),
        signed_in=optional(described, "PasswordLastUsed", kind=datetime),
        mfa=bool(devices),
        keys=tuple(_keys(aws, name)),
    )


def _keys(aws: AwsClient, name: str) -> Iterator[UserKey]:
    for page in aws.pages("iam", "ListAccessKeys", UserName=name):
        for each in required(page, "AccessKeyMetadata", kind=list):
            if required(each, "Status", kind=str) != "Inactive":
                identifier = required(each, "AccessKeyId", kind=str)
                last = aws.call("iam", "GetAccessKeyLastUsed", AccessKeyId=identifier)
                required(last, "AccessKeyLastUsed", kind=dict)
                yield UserKey(
                    ends=identifier[-4:],
                    created=required(each, "CreateDate", kind=datetime),
                    used=optional(last, "AccessKeyLastUsed", "LastUsedDate", kind=datetime),
                )


@check(
    "access.iam.credentials",
    component=AwsAccount,
    observe=user_credentials,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=(
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountPasswordPolicy",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListUsers",
    ),
    promises=("credentials",),
)
def credentials_are_kept(facts: UserCredentials, account: AwsAccount, now: datetime) -> Iterator[Verdict]:
    """Every user with a password has MFA, and no password or key is older or longer unused than promised.

    Why: A password without MFA is one phishing mail away from the account, and a forgotten key works for ever.
    Reads: iam:ListUsers, iam:GetLoginProfile, iam:ListMFADevices, iam:ListAccessKeys, iam:GetAccessKeyLastUsed and
    iam:GetAccountPasswordPolicy. Of a key, the end of its id is kept. Users of `break_glass` may be unused. Users of
    IAM Identity Center are none of IAM.
    Unverified when: A call is denied, throttled or fails, or a user was deleted meanwhile.
    Fix: Give the user an MFA device, make a new key and delete the old one, or delete what nobody uses; set the
    password policy with aws iam update-account-password-policy.
    Source: CIS AWS Foundations Benchmark 3.0, 1.8 to 1.14; IAM User Guide, Security best practices,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
    """
    promised = account.credentials or Credentials()
    problems = [*_of_policy(facts, promised), *(p for user in facts.users for p in _of_user(user, account, now))]
    keys, passwords = sum(len(user.keys) for user in facts.users), sum(u.password is not None for u in facts.users)
    observed = f"{len(facts.users)} users, {passwords} with a password, {keys} keys"
    expected = (
        f"MFA with each password, keys of {format_duration(promised.key_age)} at most, "
        f"nothing unused for {format_duration(promised.unused)}"
    )
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        summary = f"{'; '.join(problems[:_SHOWN])}{more}"
        yield failed(summary[0].upper() + summary[1:], observed=observed, expected=expected)
    else:
        yield passed("Users have MFA, and credentials in use", observed=observed, expected=expected)


def _of_policy(facts: UserCredentials, promised: Credentials) -> Iterator[str]:
    if promised.password_length and facts.password_length < promised.password_length:
        yield f"passwords may have {facts.password_length or 8} characters"
    if promised.passwords_remembered and facts.passwords_remembered < promised.passwords_remembered:
        yield f"{facts.passwords_remembered} earlier passwords are remembered"


def _of_user(user: User, account: AwsAccount, now: datetime) -> Iterator[str]:
    promised = account.credentials or Credentials()
    if user.password is not None and not user.mfa:
        yield f"{user.name} has a password and no MFA"
    for key in user.keys:
        if now - key.created > promised.key_age:
            yield f"the key …{key.ends} of {user.name} is {(now - key.created).days} days old"
    if any(fnmatchcase(f"user/{user.name}", pattern) for pattern in account.break_glass):
        return
    if user.password is not None and now - max(user.password, user.signed_in or user.password) > promised.unused:
        yield f"the password of {user.name} is unused"
    for key in user.keys:
        if now - (key.used or key.created) > promised.unused:
            yield f"the key …{key.ends} of {user.name} is unused"
