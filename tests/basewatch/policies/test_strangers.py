"""What policies give to strangers, and what they refuse without TLS."""

from __future__ import annotations

from typing import Any

import pytest

from basewatch.policies import allowed_without_tls, openings, parse_policy

OURS = "123456789012"
THEIRS = "arn:aws:iam::210987654321"
BUCKET = "arn:aws:s3:::logs"
GITHUB = f"arn:aws:iam::{OURS}:oidc-provider/token.actions.githubusercontent.com"


def allow(principal: Any = "*", condition: Any = None, **more: Any) -> dict[str, Any]:
    """A statement of a bucket's policy."""
    given = {"Condition": condition} if condition else {}
    return {
        "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **given, **more
    }  # fmt: skip


def deny(condition: Any = None, **more: Any) -> dict[str, Any]:
    """A statement that denies everything of the bucket to everybody."""
    return allow(
        condition=condition, **{"Effect": "Deny", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"], **more}
    )


def parsed(*statements: dict[str, Any]) -> Any:
    """A policy of the current version."""
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, "p")


OPEN: list[tuple[str, list[dict[str, Any]], str]] = [
    ("everybody", [allow()], "everybody"),
    ("everybody in a list", [allow({"AWS": ["*"]})], "everybody"),
    ("all but some", [{**allow(), "Principal": None, "NotPrincipal": {"AWS": OURS}}], "everybody"),
    ("another account", [allow({"AWS": f"{THEIRS}:root"})], f"{THEIRS}:root"),
    ("another account's number", [allow({"AWS": [OURS, "210987654321"]})], "210987654321"),
    ("another account's role", [allow({"AWS": f"{THEIRS}:role/x"})], f"{THEIRS}:role/x"),
    ("with TLS", [allow(condition={"Bool": {"aws:SecureTransport": "true"}})], "everybody"),
    ("with a referer", [allow(condition={"StringLike": {"aws:Referer": "https://us/*"}})], "everybody"),
    ("from anywhere", [allow(condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})], "everybody"),
    ("from half the world", [allow(condition={"IpAddress": {"aws:SourceIp": ["16.0.0.0/5"]}})], "everybody"),
    ("not from one office", [allow(condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], "everybody"),
    ("any organization", [allow(condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}})], "everybody"),
    ("any endpoint", [allow(condition={"Null": {"aws:SourceVpce": "false"}})], "everybody"),
    ("any such role", [allow(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}})], "everybody"),
    ("if there is one", [allow(condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}})], "everybody"),
    ("vacuously", [allow(condition={"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ["o-a"]}})], "everybody"),
    ("denied in part", [allow(), deny(Resource=f"{BUCKET}/private/*")], "everybody"),
    ("denied without TLS", [allow(), deny({"Bool": {"aws:SecureTransport": "false"}})], "everybody"),
    ("all actions but one", [{**allow(), "Action": None, "NotAction": "s3:DeleteObject"}], "everybody"),
    ("a canonical user", [allow({"CanonicalUser": "79a5"})], "canonical user 79a5"),
    ("any topic", [allow(condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:news"}})], "everybody"),
]  # fmt: skip
CLOSED: list[tuple[str, list[dict[str, Any]]]] = [
    ("nobody", []),
    ("our account", [allow({"AWS": f"arn:aws:iam::{OURS}:root"})]),
    ("a deleted role", [allow({"AWS": "AROADELETED"})]),
    ("a service", [allow({"Service": "cloudtrail.amazonaws.com"})]),
    ("our organization", [allow(condition={"StringEquals": {"aws:PrincipalOrgID": "o-ours"}})]),
    ("a part of it", [allow(condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-ours/*"}})]),
    ("our endpoint", [allow(condition={"StringEquals": {"aws:SourceVpce": "vpce-1a2b"}})]),
    ("our office", [allow(condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})]),
    ("a private network", [allow(condition={"IpAddress": {"aws:VpcSourceIp": "10.1.0.0/16"}})]),
    ("our topic", [allow(condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{OURS}:news"}})]),
    ("our key's users", [allow(condition={"StringEquals": {"kms:CallerAccount": OURS, "kms:ViaService": "s3"}})]),
    ("our access points", [allow(condition={"StringEquals": {"s3:DataAccessPointAccount": OURS}})]),
    ("our roles", [allow(condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/*"}})]),
    ("denied outside", [allow(), deny({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b"}})]),
    ("denied elsewhere", [allow(), deny({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}})]),
    ("denied to others", [allow(), deny({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}})]),
]


@pytest.mark.parametrize(("statements", "to"), [pytest.param(*each[1:], id=each[0]) for each in OPEN])
def test_an_opening_is_found(statements: list[dict[str, Any]], to: str) -> None:
    """What strangers can meet lets them in, however it is written."""
    cleaned = [{key: value for key, value in each.items() if value is not None} for each in statements]
    assert {each.to for each in openings(parsed(*cleaned), known_accounts=[OURS])} == {to}


@pytest.mark.parametrize("statements", [pytest.param(each[1], id=each[0]) for each in CLOSED])
def test_what_strangers_cannot_meet_is_closed(statements: list[dict[str, Any]]) -> None:
    """A policy for ourselves is no opening, whatever common form it has."""
    assert openings(parsed(*statements), known_accounts=[OURS]) == ()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, ("s3.amazonaws.com",)),
        ({"StringEquals": {"aws:SourceAccount": OURS}}, ()),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:{OURS}:*"}}, ()),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs"}}, ()),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, ("s3.amazonaws.com",)),
    ],
)
def test_a_service_may_act_for_strangers(condition: Any, expected: tuple[str, ...]) -> None:
    """A service that is not bound to a source acts for everybody who asks it to."""
    policy = parsed(allow({"Service": "s3.amazonaws.com"}, condition))
    assert tuple(each.to for each in openings(policy, known_accounts=[OURS], services=True)) == expected


@pytest.mark.parametrize(
    ("subject", "is_open"),
    [
        (None, True),
        ("repo:*", True),
        ("repo:*/infrastructure:*", True),
        ("repo:ours/*", False),
        ("repo:ours/infra:ref:refs/heads/main", False),
    ],
)
def test_a_token_of_a_shared_issuer_must_be_ours(subject: str | None, *, is_open: bool) -> None:
    """A role that trusts GitHub trusts every repository there, unless the token's subject is ours."""
    token = "token.actions.githubusercontent.com"
    condition: dict[str, Any] = {"StringEquals": {f"{token}:aud": "sts.amazonaws.com"}}
    if subject:
        condition["StringLike"] = {f"{token}:sub": subject}
    trust = {"Effect": "Allow", "Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity"}
    assert bool(openings(parsed({**trust, "Condition": condition}), known_accounts=[OURS])) is is_open


INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
BOTH = (BUCKET, f"{BUCKET}/*")
TRANSPORT: list[tuple[str, list[dict[str, Any]], tuple[str, ...]]] = [
    ("denied", [deny(INSECURE)], ()),
    ("denied to every AWS principal", [deny(INSECURE, Principal={"AWS": "*"})], ()),
    ("denied in two statements", [deny(INSECURE, Resource=BUCKET), deny(INSECURE, Resource=f"{BUCKET}/*")], ()),
    ("denied on all", [deny(INSECURE, Resource="*", Action="*")], ()),
    ("denied unless it is true", [deny({"StringNotEquals": {"aws:SecureTransport": "true"}})], ()),
    ("denied when it is there", [deny({"BoolIfExists": {"aws:SecureTransport": False}})], ()),
    ("no policy", [], BOTH),
    ("the objects alone", [deny(INSECURE, Resource=f"{BUCKET}/*")], (BUCKET,)),
    ("another bucket", [deny(INSECURE, Resource="arn:aws:s3:::other/*")], BOTH),
    ("one prefix", [deny(INSECURE, Resource=[BUCKET, f"{BUCKET}/a/*"])], (f"{BUCKET}/*",)),
    ("reading alone", [deny(INSECURE, Action=["s3:GetObject", "s3:Get*"])], BOTH),
    ("all actions but one", [{**deny(INSECURE), "Action": None, "NotAction": "s3:GetObject"}], BOTH),
    ("one account", [deny(INSECURE, Principal={"AWS": OURS})], BOTH),
    ("all but one role", [{**deny(INSECURE), "Principal": None, "NotPrincipal": {"AWS": f"{THEIRS}:role/x"}}], BOTH),
    ("one network", [deny({**INSECURE, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], BOTH),
    ("one role exempt", [deny({**INSECURE, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}})], BOTH),
    ("the wrong way round", [deny({"Bool": {"aws:SecureTransport": "true"}})], BOTH),
    ("allowed with TLS", [allow(condition={"Bool": {"aws:SecureTransport": "true"}})], BOTH),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "expected"), [pytest.param(*each[1:], id=each[0]) for each in TRANSPORT])
def test_requests_without_tls_are_denied_to_everybody(
    statements: list[dict[str, Any]], expected: tuple[str, ...]
) -> None:
    """A denial counts by what it does, and one that leaves somebody or something out does not count."""
    cleaned = [{key: value for key, value in each.items() if value is not None} for each in statements]
    assert allowed_without_tls(parsed(*cleaned), BUCKET) == expected
