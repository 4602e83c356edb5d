"""A table that could not be probed costs its own verdict: the others are judged, and no PASS covers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from basewatch.model import Reason, Status, Verdict
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.canary_writes import judge_writes
from checks.tenancy.probes.cross_tenant import judge_reads
from checks.tenancy.probes.cross_tenant_facts import ContextRead, RelationReads
from checks.tenancy.probes.no_context import judge_sessions
from checks.tenancy.probes.no_context_facts import ContextState, LoginPath, RelationRead, SessionReads
from checks.tenancy.probes.planner import judge_plans
from checks.tenancy.probes.planner_conditions import KeyBinding
from checks.tenancy.probes.planner_facts import StatementPlan, StatementPlans, TableScan
from checks.tenancy.probes.write_attempts import RelationWriteAttempts
from isolation.inventory.relations import Command
from tests.checks.tenancy.looking import NOW, SECUREBASE

TENANCY = SECUREBASE.tenancy
SOUND, LEAK = ProbeOutcome(rows=0), ProbeOutcome(rows=1)
BUSY, BROKEN = Reason.TIMEOUT, Reason.UNSUPPORTED
# What happens to a table while it is probed, and the reason of its finding.
TROUBLES: dict[str, tuple[ProbeOutcome, Reason]] = {
    "it is locked, or written anew by VACUUM FULL": (ProbeOutcome(sqlstate="55P03"), BUSY),
    "it is too slow": (ProbeOutcome(sqlstate="57014"), BUSY),
    "a deadlock": (ProbeOutcome(sqlstate="40P01"), BUSY),
    "a serialization failure": (ProbeOutcome(sqlstate="40001"), BUSY),
    "the disk is full": (ProbeOutcome(sqlstate="53100"), BUSY),
    "it is dropped": (ProbeOutcome(sqlstate="42P01"), Reason.STALE),
    "its key is dropped": (ProbeOutcome(sqlstate="42703"), Reason.STALE),
    "a function of its policy reads a table that is gone": (ProbeOutcome(sqlstate="42P01", in_function=True), BROKEN),
    "a function of its policy calls one that is gone": (ProbeOutcome(sqlstate="42883", in_function=True), BROKEN),
    "its index is damaged": (ProbeOutcome(sqlstate="XX002"), BROKEN),
    "its file is gone": (ProbeOutcome(sqlstate="58P01"), BROKEN),
    "an error inside the server": (ProbeOutcome(sqlstate="XX000"), BROKEN),
    "its policies call each other": (ProbeOutcome(sqlstate="42P17"), BROKEN),
    "the nesting is too deep": (ProbeOutcome(sqlstate="54001"), BROKEN),
}


def _reads(tables: dict[str, ProbeOutcome]) -> Iterable[Verdict]:
    def seen(table: str, outcome: ProbeOutcome) -> RelationReads:
        reads = (ContextRead(context="a", others=outcome, control=LEAK), ContextRead(context="empty", others=SOUND))
        return RelationReads(
            principal="app",
            table=table,
            keyed=True,
            stored=True,
            has_control=True,
            proven=False,
            approvables=(),
            reads=reads,
        )

    return judge_reads("app", [seen(*one) for one in tables.items()], TENANCY, NOW, tables=2)


def _sessions(tables: dict[str, ProbeOutcome]) -> Iterable[Verdict]:
    session = SessionReads(
        principal="app",
        login_path=LoginPath.DIRECT,
        used=False,
        empty_by_default=False,
        context=ContextState.NEVER_SET,
        is_login_role=True,
        row_security=True,
        replication_role="origin",
        can_disable_triggers=False,
        reads=tuple(RelationRead(table=table, approvables=(), outcome=outcome) for table, outcome in tables.items()),
    )
    return judge_sessions("app", [session], TENANCY, NOW, tables=2)


def _writes(tables: dict[str, ProbeOutcome]) -> Iterable[Verdict]:
    attempts = [
        RelationWriteAttempts(principal="app", acting_as="a", table=table, control=LEAK, delete=outcome)
        for table, outcome in tables.items()
    ]
    return judge_writes("app", attempts, [], tables=2)


def _plans(tables: dict[str, ProbeOutcome]) -> Iterable[Verdict]:
    def plan(table: str, outcome: ProbeOutcome) -> StatementPlan:
        bound = not outcome.rows
        scan = TableScan(table=table, every_row=bound, some_rows=bound, bindings=(KeyBinding.SETTING,) * bound)
        return StatementPlan(
            principal="app",
            table=table,
            command=Command.SELECT,
            scans=() if outcome.sqlstate else (scan,),
            folded=False,
            digest="",
            proven=False,
            sqlstate=outcome.sqlstate,
        )

    facts = StatementPlans(table_count=2, statements=tuple(plan(*one) for one in tables.items()), unprobed=())
    return judge_plans("app", facts, TENANCY, NOW)


JUDGES: dict[str, Callable[[dict[str, ProbeOutcome]], Iterable[Verdict]]] = {
    "cross_tenant": _reads,
    "no_context": _sessions,
    "canary_writes": _writes,
    "planner": _plans,
}
_Judged = dict[str, tuple[Status, Reason | None]]


def judged(name: str, **tables: ProbeOutcome) -> _Judged:
    """Status and reason of each subject, by one probe over these tables."""
    return {verdict.subject: (verdict.status, verdict.reason) for verdict in JUDGES[name](tables)}


# A statement that is only planned runs no function.
PAIRS = [(n, trouble) for n in JUDGES for trouble, (o, _) in TROUBLES.items() if n != "planner" or not o.in_function]


@pytest.mark.parametrize(("name", "trouble"), PAIRS)
def test_a_table_in_trouble_costs_its_own_verdict(name: str, trouble: str) -> None:
    """The other table passes or fails on its own, and without another the principal is UNVERIFIED."""
    outcome, reason = TROUBLES[trouble]
    unclear = (Status.UNVERIFIED, reason)
    assert judged(name, x=SOUND, y=outcome) == {"app": (Status.PASS, None), "app y": unclear}
    assert judged(name, x=LEAK, y=outcome) == {"app": (Status.FAIL, None), "app y": unclear}
    assert judged(name, y=outcome) == {"app": unclear}


@pytest.mark.parametrize("name", JUDGES)
def test_a_pass_names_what_it_does_not_cover(name: str) -> None:
    """It counts the other tables alone, and names the one that has a finding of its own."""
    locked = ProbeOutcome(sqlstate="55P03")
    found = {verdict.subject: verdict.observed for verdict in JUDGES[name]({"x": SOUND, "y": locked})}
    alone = {verdict.subject: verdict.observed for verdict in JUDGES[name]({"x": SOUND})}
    assert found["app"] == f"{alone['app']}; not y, which have findings of their own"
    assert "SQLSTATE 55P03" in found["app y"]


def test_an_error_in_the_context_of_a_canary_hides_rows() -> None:
    """The error may be that of one row, so that other rows can be read; where the policies are proven, none can."""
    raised = ProbeOutcome(sqlstate="22012")
    assert judged("cross_tenant", x=SOUND, y=raised)["app y"] == (Status.UNVERIFIED, BROKEN)
