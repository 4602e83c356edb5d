"""The judges of what was tried are pure: order does not matter, a worse fact never helps, facts come back from JSON."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Reason, Status, Verdict
from basewatch.postgres.place import Outcome
from checks.tenancy.probes.attempts import Shown, change_shows, insert_shows
from checks.tenancy.probes.audit import judge_trail
from checks.tenancy.probes.canary_writes import judge_writes
from checks.tenancy.probes.cross_tenant import judge_rows
from checks.tenancy.probes.model import nothing_contradicts_the_proof
from checks.tenancy.probes.no_context import Context, Look, Session, Way, WithoutContext, judge_sessions
from checks.tenancy.probes.places import Object
from checks.tenancy.probes.rows import CrossTenant, Rows, Seen
from checks.tenancy.probes.trail import AuditTrail, Changing
from checks.tenancy.probes.writes import Attempts, Tried
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.tenancy.probes.trying import VOUCHED
from tests.checks.verdicts import BADNESS

SEEN, NONE, REFUSED, LOCKED = Outcome(rows=1), Outcome(rows=0), Outcome(sqlstate="42501"), Outcome(sqlstate="55P03")
OUTCOMES = st.sampled_from([NONE, SEEN, REFUSED, LOCKED, Outcome(sqlstate="22P02"), Outcome(sqlstate="23502")])
TABLES = st.sampled_from(["invoices", "documents", "archive.invoices"])

seen = st.builds(Seen, context=st.sampled_from(["stranger", "a", "b"]), others=OUTCOMES, own=st.none() | OUTCOMES)
rows = st.builds(
    Rows,
    principal=st.just("app"),
    table=TABLES,
    vouchers=st.just(()),
    seen=st.lists(seen, max_size=3).map(tuple),
)
attempts = st.builds(
    Attempts,
    principal=st.just("app"),
    acting_as=st.sampled_from(["a", "b"]),
    table=TABLES,
    own=st.none() | OUTCOMES,
    insert=st.none() | OUTCOMES,
    copy=st.none() | OUTCOMES,
    update=st.none() | OUTCOMES,
    gift=st.none() | OUTCOMES,
    removal=st.none() | OUTCOMES,
)
sessions = st.builds(
    Session,
    principal=st.just("app"),
    way=st.sampled_from(Way),
    context=st.sampled_from(Context),
    replication_role=st.sampled_from(["origin", "replica"]),
    looks=st.lists(st.builds(Look, table=TABLES, vouchers=st.just(()), outcome=OUTCOMES), max_size=3).map(tuple),
)
changing = st.builds(
    Changing,
    role=st.sampled_from(["app", "prober"]),
    own=OUTCOMES,
    may=st.sampled_from([(), ("UPDATE",)]),
    discarded=st.booleans(),
    updates=st.lists(st.tuples(st.just("action"), OUTCOMES), max_size=2).map(tuple),
)
TENANCY = SECUREBASE.tenancy


def _rows(facts: list[Rows]) -> Verdict:
    return judge_rows("app", facts, TENANCY, NOW, tables=7)


def _writes(facts: list[Attempts]) -> Verdict:
    return judge_writes("app", facts, [], tables=7)


def _sessions(facts: list[Session]) -> Verdict:
    return judge_sessions("app", facts, TENANCY, NOW, tables=7)


@given(st.lists(rows, max_size=4), st.randoms())
def test_the_order_of_rows_does_not_matter(facts: list[Rows], random: Random) -> None:
    """Rows are judged as a set, down to what is told of them."""
    other = sorted(facts, key=lambda _: random.random())
    assert _rows(facts) == _rows(other)


@given(st.lists(rows, max_size=4), rows, seen)
def test_a_row_of_another_is_a_fail_whatever_else_was_seen(facts: list[Rows], more: Rows, one: Seen) -> None:
    """One row that is not the context's own outweighs every other fact."""
    leaking = replace(more, keyed=True, seen=(*more.seen, replace(one, others=SEEN)))
    assert _rows([*facts, leaking]).status is Status.FAIL


@given(st.lists(rows, max_size=4), rows)
def test_one_more_relation_never_helps(facts: list[Rows], more: Rows) -> None:
    """Another relation can only make the verdict worse."""
    assert BADNESS[_rows([*facts, more]).status] >= BADNESS[_rows(facts).status]


@given(st.lists(attempts, max_size=4), attempts)
def test_one_more_attempt_never_helps(facts: list[Attempts], more: Attempts) -> None:
    """Another attempt can only make the verdict worse, and one that gets through is a fail."""
    assert BADNESS[_writes([*facts, more]).status] >= BADNESS[_writes(facts).status]
    for leaking in (replace(more, insert=SEEN), replace(more, update=SEEN), replace(more, gift=SEEN)):
        assert _writes([leaking, *facts]).status is Status.FAIL


@given(st.lists(sessions, max_size=4), sessions)
def test_a_flaw_of_one_session_is_a_fail(facts: list[Session], more: Session) -> None:
    """A tenant that is there already, or triggers that can be turned off, outweigh every other fact."""
    for flawed in (replace(more, context=Context.SET), replace(more, turns_triggers_off=True)):
        assert _sessions([*facts, flawed]).status is Status.FAIL


@pytest.mark.parametrize("outcome", [LOCKED, Outcome(sqlstate="57014"), Outcome(sqlstate="40001")])
def test_what_was_waited_for_in_vain_says_nothing(outcome: Outcome) -> None:
    """A lock, a deadline and a conflict are UNVERIFIED: neither a pass nor a fail."""
    own = Seen(context="a", others=outcome, own=SEEN)
    row = Rows(
        principal="app", table="x", keyed=True, stored=True, controlled=True, proven=True, vouchers=(), seen=(own,)
    )
    attempt = Attempts(principal="app", acting_as="a", table="x", own=SEEN, delete=outcome)
    for verdict in (_rows([row]), _writes([attempt])):
        assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.TIMEOUT)


def test_what_somebody_vouches_for_is_let_be_until_the_day() -> None:
    """A view that shows more is passed while somebody answers for it, and not once it is another."""
    entry = VOUCHED.model_copy(update={"kind": "view", "name": "totals"})
    declared = TENANCY.model_copy(update={"allowed": (entry,)})
    for digest, status in ((entry.digest, Status.PASS), (f"sha256:{'1' * 64}", Status.FAIL)):
        view = Rows(
            principal="app",
            table="totals",
            keyed=True,
            stored=False,
            controlled=False,
            proven=False,
            vouchers=(Object(kind="view", name="totals", digest=digest),),
            seen=(Seen(context="stranger", others=SEEN),),
        )
        assert judge_rows("app", [view], declared, NOW, tables=7).status is status


def test_a_row_that_is_proven_out_of_reach_is_a_breach_of_the_model() -> None:
    """The proof and the database disagree: that is told by itself, and not while the schema changes."""
    row = Rows(
        principal="app",
        table="invoices",
        keyed=True,
        stored=True,
        controlled=True,
        proven=True,
        vouchers=(),
        seen=(Seen(context="stranger", others=SEEN),),
    )
    facts = CrossTenant(rows=(row,), refused=(), skipped=(), tables=7, before="x", after="x")

    def judged(facts: CrossTenant) -> list[tuple[str, Status, Reason | None]]:
        return [(v.subject, v.status, v.reason) for v in nothing_contradicts_the_proof.judge(facts, SECUREBASE, NOW)]

    assert judged(facts) == [("app invoices", Status.FAIL, None)]
    assert judged(replace(facts, after="y")) == [("", Status.UNVERIFIED, Reason.STALE)]
    assert judged(replace(facts, rows=(replace(row, proven=False),))) == [("", Status.NOT_APPLICABLE, None)]
    sound = replace(row, seen=(Seen(context="stranger", others=NONE),))
    assert judged(replace(facts, rows=(sound,))) == [("", Status.PASS, None)]


@given(st.lists(changing, max_size=3), changing)
def test_a_record_that_is_lost_or_changed_is_a_fail(facts: list[Changing], more: Changing) -> None:
    """Whoever changes, removes or loses a record outweighs every other fact."""
    for flawed in (
        replace(more, updates=(("action", SEEN),)),
        replace(more, delete=SEEN),
        replace(more, discarded=True),
        replace(more, own=SEEN, added=NONE),
    ):
        trail = AuditTrail(changing=(*facts, flawed), others=(), set_off=(), refused=())
        assert judge_trail(trail, []).status is Status.FAIL


@pytest.mark.parametrize(
    ("outcome", "insert", "change"),
    [
        (NONE, Shown.NOTHING, Shown.HELD),
        (SEEN, Shown.LEAKED, Shown.LEAKED),
        (REFUSED, Shown.HELD, Shown.HELD),
        (Outcome(sqlstate="44000"), Shown.HELD, Shown.HELD),
        (Outcome(sqlstate="428C9"), Shown.HELD, Shown.HELD),
        (Outcome(sqlstate="23502"), Shown.LEAKED, Shown.LEAKED),
        (Outcome(sqlstate="23514", unrouted=True), Shown.NOTHING, Shown.NOTHING),
        (Outcome(sqlstate="P0001"), Shown.NOTHING, Shown.HELD),
        (Outcome(sqlstate="42P01"), Shown.NOTHING, Shown.NOTHING),
    ],
)
def test_an_attempt_shows_what_its_outcome_means(outcome: Outcome, insert: Shown, change: Shown) -> None:
    """Rows and codes mean different things to what adds a row and to what changes one."""
    assert (insert_shows(outcome), change_shows(outcome)) == (insert, change)


@given(
    st.builds(CrossTenant, rows=st.lists(rows, max_size=2).map(tuple))
    | st.builds(WithoutContext, sessions=st.lists(sessions, max_size=2).map(tuple))
    | st.builds(Tried, attempts=st.lists(attempts, max_size=2).map(tuple))
    | st.builds(AuditTrail, changing=st.lists(changing, max_size=2).map(tuple))
)
def test_facts_come_back_from_json(facts: CrossTenant | WithoutContext | Tried | AuditTrail) -> None:
    """What was stored as evidence is what was seen."""
    assert from_json(type(facts), to_json(type(facts), facts)) == facts
