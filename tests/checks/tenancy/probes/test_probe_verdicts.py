"""The judges of probes are pure: order is irrelevant, a worse fact never helps, and facts survive JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Reason, Status, Verdict
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.flaws import Approvable
from checks.tenancy.probes.audit_writes import judge_audit_writes
from checks.tenancy.probes.audit_writes_facts import AuditWriteAttempts, RoleAuditAttempts
from checks.tenancy.probes.canary_writes import judge_writes
from checks.tenancy.probes.canary_writes_facts import CanaryWriteAttempts
from checks.tenancy.probes.cross_tenant import judge_reads
from checks.tenancy.probes.cross_tenant_facts import ContextRead, CrossTenantReads, RelationReads
from checks.tenancy.probes.no_context import judge_sessions
from checks.tenancy.probes.no_context_facts import ContextState, LoginPath, NoContextReads, RelationRead, SessionReads
from checks.tenancy.probes.probe_outcomes import AttemptResult, change_result, insert_result
from checks.tenancy.probes.proof_consistency import nothing_contradicts_the_proof
from checks.tenancy.probes.write_attempts import RelationWriteAttempts
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.tenancy.probes.probe_runs import APPROVED
from tests.checks.verdicts import BADNESS

SEEN, NONE, REFUSED, LOCKED = (
    ProbeOutcome(rows=1),
    ProbeOutcome(rows=0),
    ProbeOutcome(sqlstate="42501"),
    ProbeOutcome(sqlstate="55P03"),
)
OUTCOMES = st.sampled_from(
    [NONE, SEEN, REFUSED, LOCKED, ProbeOutcome(sqlstate="22P02"), ProbeOutcome(sqlstate="23502")]
)
TABLES = st.sampled_from(["invoices", "documents", "archive.invoices"])

seen = st.builds(
    ContextRead, context=st.sampled_from(["unknown", "a", "b"]), others=OUTCOMES, control=st.none() | OUTCOMES
)
rows = st.builds(
    RelationReads,
    principal=st.just("app"),
    table=TABLES,
    approvables=st.just(()),
    reads=st.lists(seen, max_size=3).map(tuple),
)
attempts = st.builds(
    RelationWriteAttempts,
    principal=st.just("app"),
    acting_as=st.sampled_from(["a", "b"]),
    table=TABLES,
    control=st.none() | OUTCOMES,
    insert=st.none() | OUTCOMES,
    copy=st.none() | OUTCOMES,
    update=st.none() | OUTCOMES,
    cursor_reassign=st.none() | OUTCOMES,
    cursor_delete=st.none() | OUTCOMES,
)
sessions = st.builds(
    SessionReads,
    principal=st.just("app"),
    login_path=st.sampled_from(LoginPath),
    context=st.sampled_from(ContextState),
    replication_role=st.sampled_from(["origin", "replica"]),
    reads=st.lists(st.builds(RelationRead, table=TABLES, approvables=st.just(()), outcome=OUTCOMES), max_size=3).map(
        tuple
    ),
)
changing = st.builds(
    RoleAuditAttempts,
    role=st.sampled_from(["app", "prober"]),
    control=OUTCOMES,
    granted_commands=st.sampled_from([(), ("UPDATE",)]),
    discarded=st.booleans(),
    updates=st.lists(st.tuples(st.just("action"), OUTCOMES), max_size=2).map(tuple),
)
TENANCY = SECUREBASE.tenancy


def _rows(facts: list[RelationReads]) -> Verdict:
    return _worst(judge_reads("app", facts, TENANCY, NOW, tables=7))


def _writes(facts: list[RelationWriteAttempts]) -> Verdict:
    return _worst(judge_writes("app", facts, [], tables=7))


def _sessions(facts: list[SessionReads]) -> Verdict:
    return _worst(judge_sessions("app", facts, TENANCY, NOW, tables=7))


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: (BADNESS[verdict.status], verdict.subject))


@given(st.lists(rows, max_size=4), st.randoms())
def test_the_order_of_reads_is_irrelevant(facts: list[RelationReads], random: Random) -> None:
    """The complete verdict is independent of the order of the reads."""
    other = sorted(facts, key=lambda _: random.random())
    assert _rows(facts) == _rows(other)


@given(st.lists(rows, max_size=4), rows, seen)
def test_a_row_of_another_tenant_always_fails(
    facts: list[RelationReads], more: RelationReads, one: ContextRead
) -> None:
    """One row of another tenant takes precedence over all other facts."""
    leaking = replace(more, keyed=True, reads=(*more.reads, replace(one, others=SEEN)))
    assert _rows([*facts, leaking]).status is Status.FAIL


@given(st.lists(rows, max_size=4), rows)
def test_one_more_relation_never_helps(facts: list[RelationReads], more: RelationReads) -> None:
    """An additional relation never improves the verdict."""
    assert BADNESS[_rows([*facts, more]).status] >= BADNESS[_rows(facts).status]


@given(st.lists(attempts, max_size=4), attempts)
def test_one_more_attempt_never_helps(facts: list[RelationWriteAttempts], more: RelationWriteAttempts) -> None:
    """An additional attempt never improves the verdict, and a successful one is a FAIL."""
    assert BADNESS[_writes([*facts, more]).status] >= BADNESS[_writes(facts).status]
    for leaking in (replace(more, insert=SEEN), replace(more, update=SEEN), replace(more, cursor_reassign=SEEN)):
        assert _writes([leaking, *facts]).status is Status.FAIL


@given(st.lists(sessions, max_size=4), sessions)
def test_a_flaw_of_one_session_is_a_fail(facts: list[SessionReads], more: SessionReads) -> None:
    """A preset context or the right to disable triggers takes precedence over all other facts."""
    for flawed in (replace(more, context=ContextState.SET), replace(more, can_disable_triggers=True)):
        assert _sessions([*facts, flawed]).status is Status.FAIL


@pytest.mark.parametrize("outcome", [LOCKED, ProbeOutcome(sqlstate="57014"), ProbeOutcome(sqlstate="40001")])
def test_a_timeout_is_unverified(outcome: ProbeOutcome) -> None:
    """A lock timeout, a cancelled statement and a serialization failure are UNVERIFIED."""
    own = ContextRead(context="a", others=outcome, control=SEEN)
    row = RelationReads(
        principal="app", table="x", keyed=True, stored=True, has_control=True, proven=True, approvables=(), reads=(own,)
    )
    attempt = RelationWriteAttempts(principal="app", acting_as="a", table="x", control=SEEN, delete=outcome)
    for verdict in (_rows([row]), _writes([attempt])):
        assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.TIMEOUT)


def test_an_approved_view_passes() -> None:
    """A view with other rows passes while its digest is approved, and not after a change."""
    entry = APPROVED.model_copy(update={"kind": "view", "name": "totals"})
    declared = TENANCY.model_copy(update={"approved_objects": (entry,)})
    for digest, status in ((entry.digest, Status.PASS), (f"sha256:{'1' * 64}", Status.FAIL)):
        view = RelationReads(
            principal="app",
            table="totals",
            keyed=True,
            stored=False,
            has_control=False,
            proven=False,
            approvables=(Approvable(kind="view", name="totals", digest=digest),),
            reads=(ContextRead(context="unknown", others=SEEN),),
        )
        (verdict,) = judge_reads("app", [view], declared, NOW, tables=7)
        assert verdict.status is status


def test_a_row_against_the_proof_fails() -> None:
    """A row that is proven to be hidden is a FAIL, but UNVERIFIED if the schema changed."""
    row = RelationReads(
        principal="app",
        table="invoices",
        keyed=True,
        stored=True,
        has_control=True,
        proven=True,
        approvables=(),
        reads=(ContextRead(context="unknown", others=SEEN),),
    )
    facts = CrossTenantReads(
        reads=(row,), unprobed=(), skipped=(), table_count=7, fingerprint_before="x", fingerprint_after="x"
    )

    def judged(facts: CrossTenantReads) -> list[tuple[str, Status, Reason | None]]:
        return [(v.subject, v.status, v.reason) for v in nothing_contradicts_the_proof.judge(facts, SECUREBASE, NOW)]

    assert judged(facts) == [("app invoices", Status.FAIL, None)]
    assert judged(replace(facts, fingerprint_after="y")) == [("", Status.UNVERIFIED, Reason.STALE)]
    assert judged(replace(facts, reads=(replace(row, proven=False),))) == [("", Status.NOT_APPLICABLE, None)]
    sound = replace(row, reads=(ContextRead(context="unknown", others=NONE),))
    assert judged(replace(facts, reads=(sound,))) == [("", Status.PASS, None)]


QUOTES, MINE = ProbeOutcome(sqlstate="22P02"), ContextRead(context="a", others=NONE, control=SEEN)


@pytest.mark.parametrize(
    ("reads", "converts", "found"),
    [
        ((MINE, ContextRead(context="b", others=NONE, control=QUOTES)), True, True),
        ((MINE, ContextRead(context="unknown", others=QUOTES)), True, True),
        ((MINE, ContextRead(context="empty", others=QUOTES)), True, False),
        ((MINE, ContextRead(context="b", others=NONE, control=QUOTES)), False, False),
        ((replace(MINE, control=QUOTES), ContextRead(context="b", others=NONE, control=QUOTES)), True, False),
        ((MINE, ContextRead(context="b", others=REFUSED, control=SEEN)), True, False),
    ],
)
def test_an_error_that_quotes_a_row_fails(reads: tuple[ContextRead, ...], *, converts: bool, found: bool) -> None:
    """It does where a policy converts texts of rows and another canary reads its row; an invalid context does not."""
    row = RelationReads(
        principal="app",
        table="invoices",
        keyed=True,
        stored=True,
        has_control=True,
        proven=True,
        approvables=(),
        reads=reads,
        converts=converts,
    )
    failed = [v.subject for v in judge_reads("app", [row], TENANCY, NOW, tables=7) if v.status is Status.FAIL]
    assert failed == (["app invoices"] if found else [])


@given(st.lists(changing, max_size=3), changing)
def test_a_lost_or_changed_record_fails(facts: list[RoleAuditAttempts], more: RoleAuditAttempts) -> None:
    """A changed, removed or lost record takes precedence over all other facts."""
    for flawed in (
        replace(more, updates=(("action", SEEN),)),
        replace(more, delete=SEEN),
        replace(more, discarded=True),
        replace(more, control=SEEN, insert=NONE),
    ):
        written = AuditWriteAttempts(attempts=(*facts, flawed), untested_roles=(), side_effects=(), unprobed=())
        assert judge_audit_writes(written, []).status is Status.FAIL


@pytest.mark.parametrize(
    ("outcome", "insert", "change"),
    [
        (NONE, AttemptResult.INCONCLUSIVE, AttemptResult.BLOCKED),
        (SEEN, AttemptResult.LEAKED, AttemptResult.LEAKED),
        (REFUSED, AttemptResult.BLOCKED, AttemptResult.BLOCKED),
        (ProbeOutcome(sqlstate="44000"), AttemptResult.BLOCKED, AttemptResult.BLOCKED),
        (ProbeOutcome(sqlstate="428C9"), AttemptResult.BLOCKED, AttemptResult.BLOCKED),
        (ProbeOutcome(sqlstate="23502"), AttemptResult.LEAKED, AttemptResult.LEAKED),
        (ProbeOutcome(sqlstate="23514", no_partition=True), AttemptResult.INCONCLUSIVE, AttemptResult.INCONCLUSIVE),
        (ProbeOutcome(sqlstate="P0001"), AttemptResult.INCONCLUSIVE, AttemptResult.BLOCKED),
        (ProbeOutcome(sqlstate="42P01"), AttemptResult.INCONCLUSIVE, AttemptResult.INCONCLUSIVE),
    ],
)
def test_the_result_of_an_attempt(outcome: ProbeOutcome, insert: AttemptResult, change: AttemptResult) -> None:
    """Rows and SQLSTATEs have different meanings for inserts and for changes."""
    assert (insert_result(outcome), change_result(outcome)) == (insert, change)


@given(
    st.builds(CrossTenantReads, reads=st.lists(rows, max_size=2).map(tuple))
    | st.builds(NoContextReads, sessions=st.lists(sessions, max_size=2).map(tuple))
    | st.builds(CanaryWriteAttempts, attempts=st.lists(attempts, max_size=2).map(tuple))
    | st.builds(AuditWriteAttempts, attempts=st.lists(changing, max_size=2).map(tuple))
)
def test_facts_survive_a_json_round_trip(
    facts: CrossTenantReads | NoContextReads | CanaryWriteAttempts | AuditWriteAttempts,
) -> None:
    """Facts from stored evidence equal the observed ones."""
    assert from_json(type(facts), to_json(type(facts), facts)) == facts
