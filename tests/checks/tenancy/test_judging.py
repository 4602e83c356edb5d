"""The judges of tenancy are pure: order does not matter, a worse fact never helps, and facts come back from JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Reason, Status, Verdict
from basewatch.postgres.probe import Outcome
from checks.tenancy.append_only import AuditTable, AuditTrail, Event, Fires, Stops, Trigger, judge_table, stops
from checks.tenancy.attempts import Shown, change_shows, insert_shows, read_shows
from checks.tenancy.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.catalogue import Catalogue, Command, Kind, Policy, Reach, Relation
from checks.tenancy.coverage import every_tenant_table_is_covered
from checks.tenancy.cross_tenant import Attempts, CrossTenant, judge_attempts
from checks.tenancy.no_context import Context, Look, Session, WithoutContext, judge_sessions
from checks.tenancy.policies import judge_policies
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.verdicts import BADNESS

T = TypeVar("T")
SEEN, NONE, REFUSED = Outcome(rows=1), Outcome(rows=0), Outcome(sqlstate="42501")
OUTCOMES = st.sampled_from(
    [NONE, SEEN, REFUSED, *(Outcome(sqlstate=code) for code in ("23502", "428C9", "P0001", "22P02", "XX000"))]
)
NAMES = st.sampled_from(["invoices", "documents", "archive.invoices"])

attempts = st.builds(
    Attempts,
    principal=st.just("app"),
    acting_as=st.sampled_from(["a", "b"]),
    table=NAMES,
    controlled=st.booleans(),
    own=OUTCOMES,
    read=OUTCOMES,
    insert=st.none() | OUTCOMES,
    update=st.none() | OUTCOMES,
    move=st.none() | OUTCOMES,
    delete=st.none() | OUTCOMES,
)
sessions = st.builds(
    Session,
    principal=st.just("app"),
    context=st.sampled_from(Context),
    looks=st.lists(st.builds(Look, table=NAMES, outcome=OUTCOMES), max_size=3).map(tuple),
)
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


def _attempts(facts: Sequence[Attempts]) -> Verdict:
    return judge_attempts("app", list(facts))


def _sessions(facts: Sequence[Session]) -> Verdict:
    return judge_sessions("app", list(facts))


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


@given(shuffled(attempts))
def test_the_order_of_attempts_does_not_matter(orders: tuple[list[Attempts], list[Attempts]]) -> None:
    """Attempts are judged as a set, down to what is told of them."""
    assert _attempts(orders[0]) == _attempts(orders[1])


@given(shuffled(sessions))
def test_the_order_of_sessions_does_not_matter(orders: tuple[list[Session], list[Session]]) -> None:
    """Sessions are judged as a set, down to what is told of them."""
    assert _sessions(orders[0]) == _sessions(orders[1])


@given(shuffled(triggers))
def test_the_order_of_triggers_does_not_matter(orders: tuple[list[Trigger], list[Trigger]]) -> None:
    """Guards are judged as a set, down to what is told of them."""
    assert _triggers(orders[0]) == _triggers(orders[1])


@given(shuffled(policies))
def test_the_order_of_policies_does_not_matter(orders: tuple[list[Policy], list[Policy]]) -> None:
    """Policies are judged as a set."""
    _unordered(_policies, orders)


@given(st.lists(attempts, max_size=4), attempts)
def test_a_leak_is_a_fail_whatever_else_was_seen(facts: list[Attempts], more: Attempts) -> None:
    """One attempt that gets through, of whichever sort, outweighs every other fact."""
    for leaking in (
        replace(more, read=SEEN),
        replace(more, insert=SEEN),
        replace(more, update=SEEN),
        replace(more, move=SEEN),
        replace(more, delete=SEEN),
    ):
        assert _attempts([leaking, *facts]).status is Status.FAIL


@given(st.lists(attempts, max_size=4), attempts)
def test_one_more_attempt_that_leaks_or_is_unclear_never_helps(facts: list[Attempts], more: Attempts) -> None:
    """Of a principal that has a control already, another attempt can only make the verdict worse."""
    sound = replace(more, controlled=True, own=SEEN, read=NONE, insert=REFUSED, update=NONE, move=NONE, delete=NONE)
    known = [sound, *facts]
    assert BADNESS[_attempts([*known, more]).status] >= BADNESS[_attempts(known).status]


@given(st.lists(attempts, max_size=4))
def test_no_verdict_without_a_control(facts: list[Attempts]) -> None:
    """Where no canary sees a row of its own, nothing passes."""
    blind = [replace(fact, own=NONE) for fact in facts]
    assert _attempts(blind).status is not Status.PASS


@given(st.lists(sessions, max_size=4), sessions)
def test_a_row_without_a_tenant_is_a_fail_whatever_else_was_seen(facts: list[Session], more: Session) -> None:
    """One row read in one session outweighs every other fact."""
    leaking = replace(more, looks=(*more.looks, Look(table="invoices", outcome=SEEN)))
    assert _sessions([*facts, leaking]).status is Status.FAIL


@pytest.mark.parametrize("context", [Context.NEVER, Context.ENDED])
def test_one_kind_of_session_is_not_enough(context: Context) -> None:
    """A policy may fail open on fresh sessions alone, or on used ones: both are looked at, or it is UNVERIFIED."""
    looks = (Look(table="invoices", outcome=NONE),)
    verdict = _sessions([Session(principal="app", context=context, looks=looks)] * 2)
    assert verdict.reason is Reason.NOT_ENOUGH_DATA


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
    ("outcome", "read", "insert", "change"),
    [
        (NONE, Shown.HELD, Shown.NOTHING, Shown.HELD),
        (SEEN, Shown.LEAKED, Shown.LEAKED, Shown.LEAKED),
        (REFUSED, Shown.HELD, Shown.HELD, Shown.HELD),
        (Outcome(sqlstate="23502"), Shown.NOTHING, Shown.LEAKED, Shown.LEAKED),
        (Outcome(sqlstate="428C9"), Shown.NOTHING, Shown.LEAKED, Shown.LEAKED),
        (Outcome(sqlstate="P0001"), Shown.NOTHING, Shown.NOTHING, Shown.HELD),
        (Outcome(sqlstate="42P01"), Shown.NOTHING, Shown.NOTHING, Shown.NOTHING),
    ],
)
def test_an_attempt_shows_what_its_outcome_means(outcome: Outcome, read: Shown, insert: Shown, change: Shown) -> None:
    """Rows and codes mean different things to a read, an insert and a change."""
    assert (read_shows(outcome), insert_shows(outcome), change_shows(outcome)) == (read, insert, change)


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
    st.builds(CrossTenant, attempts=st.lists(attempts, max_size=3).map(tuple))
    | st.builds(WithoutContext, sessions=st.lists(sessions, max_size=3).map(tuple))
    | st.builds(AuditTrail, tables=st.just((AUDIT,)), triggers=st.lists(triggers, max_size=3).map(tuple))
    | st.builds(
        Catalogue,
        relations=st.just((RELATION,)),
        policies=st.lists(policies, max_size=3).map(tuple),
        reaches=st.just((REACH,)),
    )
)
def test_facts_come_back_from_json(facts: CrossTenant | WithoutContext | AuditTrail | Catalogue) -> None:
    """What was stored as evidence is what was seen."""
    assert from_json(type(facts), to_json(type(facts), facts)) == facts
