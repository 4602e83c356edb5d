"""Properties of patterns and of three-valued decisions, against the plainest definitions of them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from basewatch.policies import Context, Policies, Request, Requester, Truth, decide, parse_policy
from basewatch.policies.document import Condition
from basewatch.policies.patterns import covers, overlaps

PATTERNS = st.text(alphabet="ab*?", max_size=4)
TEXTS = ["".join(letters) for size in range(7) for letters in product("ab", repeat=size)]
WHO = Requester(kind="role", arn="arn:aws:iam::123456789012:role/x")
KEYS = ("aws:a", "aws:b")
VALUES = ("1", "2")
OPERATORS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIfExists",
    "StringNotLike",
    "Null",
    "ForAllValues:StringEquals",
)
CONDITIONS = st.dictionaries(
    st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=2
)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["s3:a", "s3:*", "s3:b"]),
        "Resource": st.sampled_from(["*", "a", "a*", "b"]),
        "Condition": CONDITIONS,
    }
)
POLICIES = st.lists(STATEMENTS, max_size=4).map(lambda statements: parse_policy({"Statement": statements}, "p"))


def expression(pattern: str) -> str:
    """The pattern as a regular expression."""
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)


@given(PATTERNS, PATTERNS)
def test_patterns_are_what_they_match(one: str, other: str) -> None:
    """Two patterns overlap when a text matches both, and one covers the other only when it matches all of its texts."""
    both = [(bool(re.fullmatch(expression(one), text)), bool(re.fullmatch(expression(other), text))) for text in TEXTS]
    assert overlaps(one, other) == any(left and right for left, right in both)
    if covers(one, other):
        assert all(left for left, right in both if right)
    if not set(other) & set("*?"):
        assert covers(one, other) == bool(re.fullmatch(expression(one), other))


@given(POLICIES, POLICIES, POLICIES, st.sampled_from(["a", "ab", "b"]))
def test_what_is_not_known_decides_nothing(identity: Any, boundary: Any, resource: Any, of: str) -> None:
    """A decision with unknown keys is the one of every value of them, and UNKNOWN when these differ."""
    layers = Policies(identity=(identity,), boundary=boundary, resource=resource)

    def decided(known: dict[str, tuple[str, ...]]) -> Truth:
        return decide(Request(requester=WHO, action="s3:a", resource=of, context=Context(known=known)), layers).allowed

    values = (("1",), ("2",), ("3",), ())
    each = {decided({"aws:a": a, "aws:b": b}) for a in values for b in values}
    assert Truth.UNKNOWN not in each
    unknown = decided({})
    assert unknown is Truth.UNKNOWN or each == {unknown}


@given(POLICIES, st.sampled_from(["a", "b", "ab"]), st.sampled_from([("1",), ("2",), ()]))
def test_a_denial_wins_and_nothing_is_allowed_by_default(policy: Any, of: str, value: tuple[str, ...]) -> None:
    """An identity is allowed when a statement that applies allows, and none that applies denies."""
    context = Context(known={"aws:a": value, "aws:b": ()})
    applying = {
        statement.effect
        for statement in policy.statements
        if any(covers(each, "s3:a") for each in statement.actions.values)
        and statement.resources is not None
        and any(covers(each, of) for each in statement.resources.values)
        and all(_holds(each, {"aws:a": value, "aws:b": ()}[each.key]) for each in statement.conditions)
    }
    request = Request(requester=WHO, action="s3:a", resource=of, context=context)
    assert decide(request, Policies(identity=(policy,))).allowed is (
        Truth.TRUE if applying == {"Allow"} else Truth.FALSE
    )


def _holds(condition: Condition, value: tuple[str, ...]) -> bool:
    if condition.operator == "null":
        return (value == ()) == (condition.values[0] == "true")
    if not value:
        return condition.if_exists or condition.operator.startswith("stringnot") or bool(condition.quantifier)
    return (value[0] in condition.values) != condition.operator.startswith("stringnot")
