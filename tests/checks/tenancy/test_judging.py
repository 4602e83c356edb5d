"""The judges of tenancy are pure: order does not matter, a worse fact never helps, and facts come back from JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Verdict
from checks.tenancy.catalogue import Catalogue, Command, Kind, Policy, Reach, Relation
from checks.tenancy.policies import judge_policies
from tests.checks.tenancy.looking import SECUREBASE
from tests.checks.verdicts import BADNESS

T = TypeVar("T")
policies = st.builds(
    Policy,
    schema=st.just("public"),
    table=st.just("invoices"),
    name=st.sampled_from(["a", "b", "c"]),
    permissive=st.booleans(),
    command=st.sampled_from(Command),
    applies_to=st.sampled_from([(), ("app",), ("analytics",), ("analytics", "app")]),
    using_text=st.sampled_from(
        [None, "true", "odd(id)", "(customer_id = (current_setting('app.current_customer_id'::text))::uuid)"]
    ),
    check_text=st.sampled_from([None, "true"]),
    own_objects=st.booleans(),
)


def _policies(facts: Sequence[Policy]) -> Verdict:
    return judge_policies("invoices", facts, SECUREBASE.tenancy)


def shuffled(facts: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[list[T], list[T]]]:
    """A few facts, and the same in another order."""
    return st.lists(facts, max_size=4).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each)))


def _unordered(judge: Callable[[Sequence[T]], Verdict], orders: tuple[list[T], list[T]]) -> None:
    one, other = (judge(each) for each in orders)
    assert (one.status, one.reason) == (other.status, other.reason)


@given(shuffled(policies))
def test_the_order_of_policies_does_not_matter(orders: tuple[list[Policy], list[Policy]]) -> None:
    """Policies are judged as a set."""
    _unordered(_policies, orders)


@given(st.lists(policies, min_size=1, max_size=4), policies)
def test_one_more_permissive_policy_never_helps(facts: list[Policy], more: Policy) -> None:
    """Permissive policies are alternatives: one more can only let more through."""
    permissive = replace(more, permissive=True)
    assert BADNESS[_policies([*facts, permissive]).status] >= BADNESS[_policies(facts).status]


@given(st.lists(policies, min_size=1, max_size=4), policies)
def test_one_more_restrictive_policy_never_hurts(facts: list[Policy], more: Policy) -> None:
    """Restrictive policies are conditions: one more can only let less through."""
    restrictive = replace(more, permissive=False)
    assert BADNESS[_policies([*facts, restrictive]).status] <= BADNESS[_policies(facts).status]


RELATION = Relation(
    schema="public",
    name="invoices",
    kind=Kind.TABLE,
    partition=False,
    keyed=True,
    enabled=True,
    forced=True,
    policies=1,
    owner_exempt=False,
    invoker=False,
    reached_by=("app",),
    read_by=("app",),
    public_privileges=(),
)
REACH = Reach(
    principal="app", role="app", superuser=False, bypasses=False, replicates=False, grants_any_role=False, owns=()
)


@given(
    st.builds(
        Catalogue,
        relations=st.just((RELATION,)),
        policies=st.lists(policies, max_size=3).map(tuple),
        reaches=st.just((REACH,)),
    )
)
def test_facts_come_back_from_json(facts: Catalogue) -> None:
    """What was stored as evidence is what was seen."""
    assert from_json(Catalogue, to_json(Catalogue, facts)) == facts
