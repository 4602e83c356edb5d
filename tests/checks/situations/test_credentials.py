"""The passwords, MFA devices and access keys of an account's users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from basewatch.components import AwsAccount
from basewatch.model import Status, Verdict
from checks.access.user_credentials import User, UserCredentials, UserKey, credentials_are_kept
from tests.checks.situations.aws_answers import NOW
from tests.checks.situations.situation import Situation, each

FAIL, PASS = (Status.FAIL,), (Status.PASS,)


def _ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def key(age: float, used: float | None = 1) -> UserKey:
    """A key that was made and used so many days ago."""
    return UserKey(ends="WXYZ", created=_ago(age), used=None if used is None else _ago(used))


def user(
    *keys: UserKey, name: str = "ada", password: float | None = None, seen: float | None = 1, mfa: bool = True
) -> User:
    """A user whose password was made and used so many days ago."""
    made = None if password is None else _ago(password)
    signed_in = None if made is None or seen is None else _ago(seen)
    return User(name=name, password=made, signed_in=signed_in, mfa=mfa, keys=keys)


def of(*users: User, length: int = 14, remembered: int = 24, **promised: Any) -> Callable[[], tuple[Verdict, ...]]:
    """The verdict on an account with these users and this password policy."""
    account = AwsAccount.model_validate({"name": "main", "break_glass": ("user/emergency",), "credentials": promised})
    facts = UserCredentials(users=users, password_length=length, passwords_remembered=remembered)
    return lambda: tuple(credentials_are_kept.judge(facts, account, NOW))


def _row(number: int, what: str, right: tuple[Status, ...], why: str, judged: Any) -> Situation:
    return Situation(number=f"credentials-{number}", what=what, right=right, why=why, judged=judged)


SITUATIONS = (
    _row(1, "no user at all", PASS, "people come through IAM Identity Center", of()),
    _row(2, "a password with MFA", PASS, "a phished password is not enough", of(user(password=300))),
    _row(3, "a password without MFA", FAIL, "a phished password is enough", of(user(password=300, mfa=False))),
    _row(4, "a user of a service, without MFA", PASS, "it has no password", of(user(key(10), mfa=False))),
    _row(5, "a key of 89 days", PASS, "90 are promised", of(user(key(89)))),
    _row(6, "a key of 91 days", FAIL, "90 are promised", of(user(key(91)))),
    _row(7, "an old key, and a longer promise", PASS, "a year is promised", of(user(key(300)), key_age="1y")),
    _row(8, "a key that nobody uses", FAIL, "it works for ever", of(user(key(80, used=50)))),
    _row(9, "a key that was never used", FAIL, "it works for ever", of(user(key(80, used=None)))),
    _row(10, "a new key that was never used yet", PASS, "it was made today", of(user(key(0, used=None)))),
    _row(11, "a password that nobody uses", FAIL, "it works for ever", of(user(password=300, seen=60))),
    _row(12, "a password that was never used", FAIL, "it works for ever", of(user(password=60, seen=None))),
    _row(
        13,
        "an unused user for emergencies",
        PASS,
        "that is what it is for",
        of(user(name="emergency", password=300, seen=None)),
    ),
    _row(
        14,
        "a user for emergencies without MFA",
        FAIL,
        "it may do everything",
        of(user(name="emergency", password=1, mfa=False)),
    ),
    _row(15, "short passwords", FAIL, "14 characters are promised", of(length=8)),
    _row(16, "no password policy", FAIL, "IAM asks for 8 characters then", of(length=0, remembered=0)),
    _row(
        17,
        "no promise about passwords",
        PASS,
        "only keys and MFA are promised",
        of(length=0, remembered=0, password_length=0, passwords_remembered=0),
    ),
    _row(
        18,
        "one user of two without MFA",
        FAIL,
        "each counts",
        of(user(password=1), user(name="bob", password=1, mfa=False)),
    ),
)


@each(SITUATIONS)
def test_credentials_are_judged_one_by_one(situation: Situation) -> None:
    """Each password and each key counts, and a user for emergencies may be unused."""
    situation.test()
