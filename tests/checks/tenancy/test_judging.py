"""The judges of tenancy are pure: order does not matter, a worse fact never helps, and facts come back from JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Status, Verdict
from checks.tenancy.append_only import AuditTable, AuditTrail, Event, Fires, Stops, Trigger, judge_table, stops
from checks.tenancy.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.catalogue import Catalogue, Command, Kind, Policy, Reach, Relation
from checks.tenancy.coverage import every_tenant_table_is_covered
from checks.tenancy.policies import judge_policies
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.verdicts import BADNESS

T = TypeVar("T")
triggers = st.builds(
    Trigger,
    table=st.just("public.audit_events"),
    name=st.sampled_from(["no_change", "no_truncate"]),
    fires=st.sampled_from(Fires),
    events=st.lists(st.sampled_from(Event), unique=True).map(tuple),
    conditional=st.booleans(),
    function=st.just("refuse"),
    language=st.sampled_from(["plpgsql", "c"]),
    body=st.sampled_from(["BEGIN RAISE EXCEPTION 'no'; END", "BEGIN RETURN NULL; END", "BEGIN x; RAISE y; END"]),
    rewritten_by=st.just(()) | st.just(("app",)),
)
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
AUDIT = AuditTable(schema="public", name="audit_events", truncated_by=(), rules=())


def _triggers(facts: Sequence[Trigger]) -> Verdict:
    return judge_table("audit_events", AUDIT, list(facts))


def _policies(facts: Sequence[Policy]) -> Verdict:
    return judge_policies("invoices", facts, SECUREBASE.tenancy)


def shuffled(facts: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[list[T], list[T]]]:
    """A few facts, and the same in another order."""
    return st.lists(facts, max_size=4).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each)))


def _unordered(judge: Callable[[Sequence[T]], Verdict], orders: tuple[list[T], list[T]]) -> None:
    one, other = (judge(each) for each in orders)
    assert (one.status, one.reason) == (other.status, other.reason)


@given(shuffled(triggers))
def test_the_order_of_triggers_does_not_matter(orders: tuple[list[Trigger], list[Trigger]]) -> None:
    """Guards are judged as a set, down to what is told of them."""
    assert _triggers(orders[0]) == _triggers(orders[1])


@given(shuffled(policies))
def test_the_order_of_policies_does_not_matter(orders: tuple[list[Policy], list[Policy]]) -> None:
    """Policies are judged as a set."""
    _unordered(_policies, orders)


@given(st.lists(triggers, max_size=4), triggers)
def test_one_more_guard_never_hurts_unless_it_can_be_rewritten(facts: list[Trigger], more: Trigger) -> None:
    """Guards add up: whatever is stopped stays stopped."""
    guard = replace(more, rewritten_by=())
    assert BADNESS[_triggers([*facts, guard]).status] <= BADNESS[_triggers(facts).status]


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


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("BEGIN RAISE EXCEPTION 'no'; END", Stops.YES),
        ("\nDECLARE\n  x int;\nBEGIN -- never\n  raise exception 'no' using errcode = '42501';\nEND;", Stops.YES),
        ("/* RAISE EXCEPTION */ BEGIN RETURN NULL; END", Stops.NO),
        ("BEGIN RETURN OLD; END", Stops.NO),
        ("BEGIN RAISE NOTICE 'hm'; RETURN OLD; END", Stops.UNKNOWN),
        ("BEGIN IF x THEN RAISE EXCEPTION 'no'; END IF; RETURN OLD; END", Stops.UNKNOWN),
        ("BEGIN RAISE EXCEPTION 'no'; EXCEPTION WHEN others THEN RETURN OLD; END", Stops.UNKNOWN),
        ("DECLARE x int; BEGIN BEGIN RAISE EXCEPTION 'no'; END; END", Stops.UNKNOWN),
    ],
)
def test_a_guard_surely_stops_only_what_it_surely_raises_on(body: str, expected: Stops) -> None:
    """A first statement RAISE EXCEPTION stops; no RAISE does not; anything else is not known."""
    guard = Trigger(
        table="public.audit_events",
        name="no_change",
        fires=Fires.ALWAYS,
        events=(Event.UPDATE,),
        conditional=False,
        function="refuse",
        language="plpgsql",
        body=body,
        rewritten_by=(),
    )
    assert stops(guard) is expected


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


@pytest.mark.parametrize(
    "lacking",
    [
        replace(RELATION, enabled=False),
        replace(RELATION, forced=False),
        replace(RELATION, policies=0),
        replace(RELATION, enabled=False, reached_by=()),
    ],
)
def test_a_tenant_table_lacking_anything_fails(lacking: Relation) -> None:
    """Enabled, forced and with a policy, or it FAILs, whoever reaches it."""
    facts = Catalogue(relations=(lacking,), policies=(), reaches=())
    (verdict,) = (v for v in every_tenant_table_is_covered.judge(facts, SECUREBASE, NOW) if v.subject == "invoices")
    assert verdict.status is Status.FAIL


@pytest.mark.parametrize(
    "way",
    [
        replace(REACH, superuser=True),
        replace(REACH, bypasses=True),
        replace(REACH, replicates=True),
        replace(REACH, grants_any_role=True),
        replace(REACH, role="pg_read_all_data"),
        replace(REACH, owns=("public.invoices",)),
    ],
)
def test_a_principal_that_can_pass_fails(way: Reach) -> None:
    """Each way around row security FAILs."""
    facts = Catalogue(relations=(), policies=(), reaches=(REACH, way))
    (verdict,) = (v for v in no_principal_bypasses_row_security.judge(facts, SECUREBASE, NOW) if v.subject == "app")
    assert verdict.status is Status.FAIL


@given(
    st.builds(AuditTrail, tables=st.just((AUDIT,)), triggers=st.lists(triggers, max_size=3).map(tuple))
    | st.builds(
        Catalogue,
        relations=st.just((RELATION,)),
        policies=st.lists(policies, max_size=3).map(tuple),
        reaches=st.just((REACH,)),
    )
)
def test_facts_come_back_from_json(facts: AuditTrail | Catalogue) -> None:
    """What was stored as evidence is what was seen."""
    assert from_json(type(facts), to_json(type(facts), facts)) == facts
