"""Decisions about requests: each layer of policies, each form of an element, each operator of a condition."""

from __future__ import annotations

from typing import Any

import pytest

from basewatch.errors import ObservationError
from basewatch.policies import Context, Policies, Request, Requester, Truth, decide, parse_policy

ACCOUNT = "123456789012"
BUCKET = "arn:aws:s3:::logs"
ROLE = Requester(kind="role", arn=f"arn:aws:iam::{ACCOUNT}:role/team/app", id="AROAAPP", tags={"team": "blue"})
USER = Requester(kind="user", arn=f"arn:aws:iam::{ACCOUNT}:user/ann", id="AIDAANN")
ROOT = Requester(kind="root", arn=f"arn:aws:iam::{ACCOUNT}:root")
OTHER = Requester(kind="role", arn="arn:aws:iam::210987654321:role/app", id="AROAOTHER")
NOBODY = Requester(kind="anonymous")
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
GET: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}


def policy(*statements: dict[str, Any]) -> Any:
    """A policy of the current version."""
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, "p")


def may(who: Requester, *, layers: Policies, action: str = "s3:GetObject", of: str = f"{BUCKET}/a") -> str:
    """The decision, as a word."""
    return decide(Request(requester=who, action=action, resource=of), layers).allowed.value


def to(principal: Any, **more: Any) -> dict[str, Any]:
    """A statement of the bucket's policy for a principal."""
    return {**GET, "Principal": principal, **more}


RESOURCE_POLICIES: list[tuple[Requester, dict[str, Any], str]] = [
    (ROLE, to({"AWS": ROLE.arn}), "true"),
    (ROLE, to({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"}), "true"),
    (ROLE, to({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/other/session"}), "false"),
    (ROLE, to({"AWS": ROLE.id}), "true"),
    (ROLE, to({"AWS": "AROADELETED"}), "false"),
    (ROLE, to({"AWS": [ACCOUNT]}), "false"),
    (ROLE, to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "false"),
    (ROLE, to("*"), "true"),
    (ROLE, to({"AWS": "*"}), "true"),
    (ROLE, to({"Service": "lambda.amazonaws.com"}), "false"),
    (ROLE, to({"CanonicalUser": "79a5"}), "false"),
    (NOBODY, to("*"), "true"),
    (NOBODY, to({"AWS": ROLE.arn}), "false"),
    (OTHER, to("*"), "false"),
    (USER, to({"AWS": USER.arn}), "true"),
    (ROOT, to({"AWS": USER.arn}), "true"),
    (ROOT, to({"AWS": "*"}, Effect="Deny"), "false"),
]


@pytest.mark.parametrize(("who", "statement", "expected"), RESOURCE_POLICIES)
def test_a_resource_policy_names_who_may(who: Requester, statement: dict[str, Any], expected: str) -> None:
    """Without an identity policy, only who is named itself, or everybody of the account, is allowed."""
    layers = Policies(resource=policy(statement), resource_account=ACCOUNT)
    assert may(who, layers=layers) == expected


def test_another_account_needs_both_policies() -> None:
    """Across accounts, the identity's and the resource's policy must both allow."""
    both = Policies(identity=(policy(ALL),), resource=policy(to({"AWS": "210987654321"})), resource_account=ACCOUNT)
    assert may(OTHER, layers=both) == "true"
    alone = Policies(identity=(policy(ALL),), resource=policy(to({"AWS": ACCOUNT})), resource_account=ACCOUNT)
    assert may(OTHER, layers=alone) == "false"


def test_a_key_policy_decides_alone() -> None:
    """An identity policy counts for a KMS key only if the key's policy leaves it to the account."""
    allowed = policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": ACCOUNT}})
    layers = Policies(identity=(policy(ALL),), resource=allowed, only_resource=True)
    assert may(ROLE, layers=layers, action="kms:ScheduleKeyDeletion", of="arn:aws:kms:::key/1") == "true"
    silent = Policies(identity=(policy(ALL),), resource=policy(), only_resource=True)
    assert may(ROLE, layers=silent, action="kms:ScheduleKeyDeletion", of="arn:aws:kms:::key/1") == "false"


@pytest.mark.parametrize(
    ("who", "expected"), [pytest.param(ROLE, "false", id="role"), pytest.param(USER, "true", id="user")]
)
def test_a_boundary_limits_a_role_and_not_what_names_a_user(who: Requester, expected: str) -> None:
    """A boundary that does not allow the action limits a role that a resource policy names, and no user."""
    boundary = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    layers = Policies(identity=(policy(ALL),), boundary=boundary)
    assert may(who, layers=layers) == "false"
    named = Policies(boundary=boundary, resource=policy(to({"AWS": who.arn})))
    assert may(who, layers=named) == expected


IDENTITY_POLICIES: list[tuple[list[dict[str, Any]], str]] = [
    ([], "false"),
    ([GET], "true"),
    ([{**GET, "Action": ["S3:getobject"]}], "true"),
    ([{**GET, "Action": "s3:Get*"}], "true"),
    ([{**GET, "Action": "s3:GetObjec?"}], "true"),
    ([{**GET, "Action": "s3:Get?"}], "false"),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "true"),
    ([{"Effect": "Allow", "NotAction": "s3:G*", "Resource": "*"}], "false"),
    ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}], "true"),
    ([{"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/*"}], "false"),
    ([ALL, {**GET, "Effect": "Deny"}], "false"),
    ([ALL, {**GET, "Effect": "Deny", "Resource": f"{BUCKET}/b"}], "true"),
    ([ALL, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}], "true"),
    ([ALL, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], "false"),
    ([{**GET, "Resource": f"{BUCKET}/${{aws:PrincipalTag/team}}*"}], "false"),
    ([{**GET, "Resource": f"{BUCKET}/${{aws:PrincipalTag/nothing, 'a'}}"}], "unknown"),
    ([{**GET, "Resource": f"{BUCKET}/${{aws:username, 'a'}}"}], "true"),
]


@pytest.mark.parametrize(("statements", "expected"), IDENTITY_POLICIES)
def test_an_identity_policy_allows(statements: list[dict[str, Any]], expected: str) -> None:
    """Actions and resources match with wildcards, negated or not, and a denial wins."""
    assert may(ROLE, layers=Policies(identity=(policy(*statements),))) == expected


# The operator and its values, and whether it holds when aws:x is 5, is absent, and is [5, 7].
OPERATORS = [
    ("StringEquals", ["5"], "true false true"),
    ("StringEquals", [5, "6"], "true false true"),
    ("StringNotEquals", ["5"], "false true false"),
    ("StringEqualsIfExists", "6", "false true false"),
    ("StringNotEqualsIfExists", "6", "true true true"),
    ("StringLike", "?", "true false true"),
    ("StringNotLike", "?", "false true false"),
    ("StringEqualsIgnoreCase", "5", "true false true"),
    ("NumericLessThan", "6", "true false true"),
    ("NumericGreaterThanEquals", "6", "false false true"),
    ("NumericNotEquals", "6", "true true true"),
    ("NumericEquals", "five", "false false false"),
    ("DateLessThan", "2020-01-01T00:00:00Z", "true false true"),
    ("Bool", "true", "false false false"),
    ("BoolIfExists", "true", "false true false"),
    ("Null", "true", "false true false"),
    ("Null", False, "true false true"),
    ("ForAllValues:StringEquals", ["5"], "true true false"),
    ("ForAnyValue:StringEquals", ["7"], "false false true"),
    ("ForAllValues:StringNotEquals", ["7"], "true true false"),
    ("ForAnyValue:StringNotEquals", ["7"], "true false true"),
    ("ForAnyValue:StringEqualsIfExists", ["7"], "false true true"),
    ("ArnLike", "arn:aws:s3:::a", "false false false"),
    ("IpAddress", "10.0.0.0/8", "false false false"),
    ("StringEquals", [], "false false false"),
    ("StringEquals", ["${aws:username, '5'}"], "true false true"),
    ("BrandNew", ["5"], "unknown unknown unknown"),
]


@pytest.mark.parametrize(("operator", "values", "expected"), OPERATORS)
def test_each_operator_holds_as_documented(operator: str, values: Any, expected: str) -> None:
    """An operator holds or not for one value, for an absent key, and for several values."""
    layers = Policies(identity=(policy({**GET, "Condition": {operator: {"aws:X": values}}}),))
    requests = (
        Request(requester=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a", context=Context(known={"aws:x": value}))
        for value in (("5",), (), ("5", "7"))
    )
    assert " ".join(decide(each, layers).allowed.value for each in requests) == expected


@pytest.mark.parametrize(
    ("operator", "policy_value", "request_value", "expected"),
    [
        ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", "203.0.113.7", "203.0.113.7", True),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "2001:db8::/32", "203.0.113.7", False),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
        ("ArnEquals", "arn:aws:sns:*:123456789012:t*", "arn:aws:sns:eu-west-1:123456789012:topic", True),
        ("ArnLike", "arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:123456789012:topic", False),
        ("ArnNotLike", "arn:aws:sns:*:*:topic", "arn:aws:sns:eu-west-1:123456789012:topic", False),
        ("DateGreaterThan", "2026-01-01", "2026-06-01T00:00:00Z", True),
    ],
)
def test_addresses_arns_and_dates_are_compared(
    operator: str, policy_value: str, request_value: str, *, expected: bool
) -> None:
    """Networks contain addresses, the parts of ARNs are compared each by itself, and dates have forms."""
    layers = Policies(identity=(policy({**GET, "Condition": {operator: {"aws:x": policy_value}}}),))
    context = Context(known={"aws:x": (request_value,)})
    request = Request(requester=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a", context=context)
    assert decide(request, layers).allowed is (Truth.TRUE if expected else Truth.FALSE)


def test_an_unknown_key_is_never_taken_for_met() -> None:
    """A decision that depends on keys that nobody knows says so and names them."""
    statement = {**GET, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"aws:Y": "1"}}}
    request = Request(requester=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a")
    layers = Policies(identity=(policy(statement),))
    decision = decide(request, layers)
    assert decision.allowed is Truth.UNKNOWN
    assert decision.missing == ("aws:multifactorauthpresent", "aws:y")
    assert decision.through == ("p, statement 1",)


def test_what_the_requester_chooses_helps_it() -> None:
    """A free key meets the condition of an Allow, and escapes that of a Deny."""
    free = Context(free=("aws:multifactorauth*",))
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    request = Request(requester=ROLE, action="s3:GetObject", resource=f"{BUCKET}/a", context=free)
    layers = Policies(
        identity=(policy({**GET, "Condition": condition}, {**GET, "Effect": "Deny", "Condition": condition}),)
    )
    assert decide(request, layers).allowed is Truth.TRUE


def test_a_session_is_matched_by_the_id_of_its_role() -> None:
    """A Deny that exempts the id of a role, and any of its sessions, exempts the role."""
    deny = {**GET, "Effect": "Deny", "Principal": "*"}
    for listed, expected in (("AROAAPP:*", "true"), ("AROAAPP:ci", "true"), ("AROAOTHER:*", "false")):
        guarded = policy({**deny, "Condition": {"StringNotLike": {"aws:userId": [listed]}}})
        layers = Policies(identity=(policy(ALL),), resource=guarded)
        assert may(ROLE, layers=layers) == expected


def test_who_is_not_named_itself_is_not_exempt_from_a_denial() -> None:
    """NotPrincipal exempts the named role, and nobody else of an account that is named."""
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", ROLE.arn]}}
    layers = Policies(identity=(policy(ALL),), resource=policy({**deny, "Action": "*", "Resource": "*"}))
    assert [may(each, layers=layers) for each in (ROLE, USER, ROOT)] == ["true", "false", "true"]


@pytest.mark.parametrize(
    ("resource", "pattern", "effect", "whole", "expected"),
    [
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/tmp/*", "Allow", False, "true"),
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/tmp/*", "Allow", True, "false"),
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/tmp/*", "Deny", False, "true"),
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::*", "Deny", False, "false"),
    ],
)
def test_some_of_a_resource_is_enough(resource: str, pattern: str, effect: str, whole: bool, expected: str) -> None:  # noqa: FBT001  # a row
    """A pattern stands for some of what it matches: an Allow of a part allows, a Deny of a part does not deny."""
    statement = {"Effect": effect, "Action": "s3:DeleteObject", "Resource": pattern}
    layers = Policies(identity=(policy(statement, *([ALL] if effect == "Deny" else [])),))
    request = Request(requester=ROLE, action="s3:DeleteObject", resource=resource, all=whole)
    assert decide(request, layers).allowed.value == expected


@pytest.mark.parametrize(
    "document",
    [
        "<html>",
        "[]",
        {},
        {"Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]},
        {"Statement": [{**ALL, "BrandNew": "x"}]},
        {"Statement": [{**ALL, "Action": {"a": 1}}]},
        {"Statement": "all"},
    ],
)
def test_a_document_that_is_not_understood_is_no_policy(document: Any) -> None:
    """What IAM's grammar does not have is an error and never left out."""
    with pytest.raises(ObservationError, match="is not a policy that Basewatch can read"):
        parse_policy(document, "it")


def test_an_encoded_document_is_decoded() -> None:
    """IAM's own answers are percent-encoded JSON."""
    (statement,) = parse_policy(
        "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22*%22%7D%7D", "it"
    ).statements
    assert (statement.effect, statement.actions.values) == ("Deny", ("*",))
