"""The check that a session without a context reads no row of a tenant, attempted with the logins of principals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from basewatch import components
from basewatch.affected import Affected, session_object, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.probes import READ_CAUSES
from checks.tenancy.probes.no_context_facts import (
    ContextState,
    LoginPath,
    NoContextReads,
    SessionReads,
    no_context_reads,
)
from checks.tenancy.probes.part_reads import judge_parts, parts_text
from checks.tenancy.probes.probe_outcomes import judge_principals, leak_remedy
from checks.tenancy.probes.unclear_tables import UnclearTables

_EXPECTED = "no context and no row, on a fresh and on a used session"


@check(
    "tenancy.probe.no_context",
    component=components.Database,
    observe=no_context_reads,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
    explained_by=READ_CAUSES,
)
def no_rows_without_a_context(facts: NoContextReads, database: components.Database, now: datetime) -> Iterator[Verdict]:
    """A session without a context starts with none, reads no row of any tenant, and has row security on.

    Why: If the application forgets to set the context, queries must return nothing; a policy that fails open returns
    everything, and only on some sessions.
    Reads: As each tenant-bound role on a new session, by its own login where tenancy.logins has one, and through the
    proxy: the context, the role, row security and the replication role of the session, and whether a row can be read
    from any tenant table; and the same after a transaction with a context has ended. READ ONLY and rolled back.
    Unverified when: Basewatch may not become the role, a table is locked or is large and has no index by tenant, or a
    pooler provides only used sessions.
    Without a login of the role, its ALTER ROLE defaults are not observed; tenancy.rls.settings reads them.
    Fix: Write policies so that an unset and an empty setting compare as NULL, with nullif() and no IS NULL branch;
    remove defaults with ALTER ROLE ... RESET, and REVOKE SET ON PARAMETER session_replication_role.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """

    def judge(principal: str) -> Iterator[Verdict]:
        sessions = [session for session in facts.sessions if session.principal == principal]
        return judge_sessions(principal, sessions, database.tenancy, now, tables=facts.table_count)

    yield from judge_principals(database.tenancy.principals, facts.unprobed, judge)


def judge_sessions(
    principal: str, sessions: list[SessionReads], tenancy: Tenancy, now: datetime, *, tables: int
) -> Iterator[Verdict]:
    """The verdict on one principal from its sessions, in any order, and one on each table with inconclusive reads."""
    reads = [read for session in sessions for read in session.reads]
    unclear = UnclearTables.of(
        principal, _EXPECTED, ((read.table, "", read.outcome) for read in reads if not read.outcome.conclusive)
    )
    flaws = sorted({flaw for session in sessions for _, flaw in _flaws(session)})
    leaks = sorted(_leaks(sessions, tenancy, now))
    if flaws or leaks:
        verdict = failed(
            f"{principal} is not isolated without a context",
            subject=principal,
            observed="; ".join((*flaws, *leaks)),
            expected=_EXPECTED,
            remedy="RESET the default, REVOKE the membership or the privilege on the parameter. Rewrite policies so "
            "that an unset and an empty context compare as NULL: nullif(current_setting(..., true), ''). "
            + (
                leak_remedy(principal, (table for s in sessions for table in _leaking(s, tenancy, now)))
                if leaks
                else ""
            ),
        )
        yield with_affected(
            verdict, (affected for session in sessions for affected in _affected(session, tenancy, now))
        )
        yield from unclear.judge(without={table for s in sessions for table in _leaking(s, tenancy, now)})
    elif unclear.attempts and all(read.table in unclear for read in reads):
        yield unclear.judge_together()
    else:
        yield from unclear.judge()
        yield _judge_clear(principal, sessions, unclear, tables=tables)


def _judge_clear(principal: str, sessions: list[SessionReads], unclear: UnclearTables, *, tables: int) -> Verdict:
    fresh = [s for s in sessions if not s.used and s.login_path is not LoginPath.PROXY]
    if not tables or not any(s.context is ContextState.NEVER_SET or s.empty_by_default for s in fresh):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{principal} could not be probed on a session that never had a context",
            subject=principal,
            observed="a new session had been used before" if tables else "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Set the database's url to the cluster, not to its proxy, which provides used sessions.",
        )
    reads = [read for session in sessions for read in session.reads if read.table not in unclear]
    parts = [read.part for read in reads if read.part is not None]
    if in_part := judge_parts(principal, parts, _EXPECTED):
        return in_part
    count = len({read.table for read in reads})
    paths = ", ".join(sorted({session.login_path for session in sessions}))
    direct = any(s.login_path is LoginPath.DIRECT for s in fresh)
    unobserved = "" if direct else "; its ALTER ROLE defaults were not observed"
    summary, observed = (
        f"{principal} reads nothing without a context",
        f"no row of {count} relations, by {paths}{unobserved}{parts_text(parts)}{unclear.others()}",
    )
    return passed(summary, subject=principal, observed=observed, expected=_EXPECTED)


def _flaws(session: SessionReads) -> Iterator[tuple[str, str]]:
    if session.context is ContextState.SET:
        outlives = "the context outlives its transaction"
        yield "context", outlives if session.used else "a session starts with a context"
    if session.can_disable_triggers:
        yield "session_replication_role", "it may set session_replication_role, and so disable triggers"
    if session.login_path is LoginPath.SET_ROLE:
        return
    if not session.is_login_role:
        yield "role", "its sessions start as another role"
    if not session.row_security:
        yield "row_security", "its sessions start with row_security off"
    if session.replication_role != "origin":
        yield "session_replication_role", f"its sessions start with session_replication_role {session.replication_role}"


def _affected(session: SessionReads, tenancy: Tenancy, now: datetime) -> Iterator[Affected]:
    """The flaws of a session, or the tables with leaks; a preset context or another role explains the leaks."""
    wrong = {what for what, _ in _flaws(session)}
    explaining = wrong & {"context", "role"}
    yield from ((session.principal, session_object(what)) for what in (explaining if "role" in wrong else wrong))
    if not explaining:
        yield from ((session.principal, table) for table in _leaking(session, tenancy, now))


def _leaking(session: SessionReads, tenancy: Tenancy, now: datetime) -> Iterator[str]:
    for read in session.reads:
        if read.outcome.rows and not any(each.approved(tenancy, now) for each in read.approvables):
            yield read.table


def _leaks(sessions: list[SessionReads], tenancy: Tenancy, now: datetime) -> Iterator[str]:
    found = sorted({(table, s.context.value) for s in sessions for table in _leaking(s, tenancy, now)})
    for table, contexts in groupby(found, key=lambda each: each[0]):
        yield f"{table} (context {', '.join(context for _, context in contexts)})"
