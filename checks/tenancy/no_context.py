"""The check that a session without a tenant sees no tenant's rows, tried as each tenant-bound role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch import components
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import Database
from basewatch.postgres.probe import Canary, Outcome, TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.catalogue import Relation, declared_name, relations


class Context(StrEnum):
    """What a session has for a tenant before anybody names one: nothing, an empty text once one has ended, or one."""

    NEVER = "never set"
    ENDED = "empty"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Whether any row of one table could be read."""

    table: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one principal saw in one session before any tenant was named."""

    principal: str
    context: Context
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutContext:
    """Two sessions of every principal: a fresh one, and one in which a tenant was named before."""

    sessions: tuple[Session, ...]


# The refusals of a policy that insists on a tenant: undefined setting, '' is no uuid; and no privilege to read at all.
_CLOSED = frozenset({"42704", "22P02", "42501"})


def without_context(database: Database, component: components.Database) -> WithoutContext:
    """Reads as each principal, on a fresh session and on a used one. Raises: CouldNotLook, Absent."""
    tenancy = component.tenancy
    keyed = [relation for relation in relations(database, tenancy) if relation.keyed]
    sessions = list[Session]()
    for principal in tenancy.principals:
        readable = [relation for relation in keyed if principal in relation.read_by]
        with database.acting(principal, tenancy, fresh=True) as probe:
            sessions.append(_session(principal, probe, readable, tenancy))
        with database.acting(principal, tenancy) as probe:
            probe.act_as(Canary.A)
        with database.acting(principal, tenancy) as probe:
            sessions.append(_session(principal, probe, readable, tenancy))
    return WithoutContext(sessions=tuple(sessions))


def _session(principal: str, probe: TenantProbe, readable: list[Relation], tenancy: Tenancy) -> Session:
    value = probe.context()[0]
    context = Context.NEVER if value is None else Context.SET if value else Context.ENDED
    looks = tuple(
        Look(table=declared_name(r.schema, r.name, tenancy), outcome=probe.any_rows([r.place])[0]) for r in readable
    )
    return Session(principal=principal, context=context, looks=looks)


@check(
    "tenancy.probe.no_context",
    component=components.Database,
    observe=without_context,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
)
def no_context_shows_no_rows(facts: WithoutContext, database: components.Database, now: datetime) -> Iterator[Verdict]:
    """A session in which no tenant was named reads no row of any tenant table.

    Why: A forgotten setting must show nothing; a policy that fails open shows everything, and only on some sessions.
    Reads: One row at most of each tenant table, as each tenant-bound role, in rolled-back transactions.
    Unverified when: Basewatch may not become the role, a table is locked, or a proxy hands out used sessions alone.
    Fix: Write policies so that an unset and an empty setting compare as NULL, with nullif() and no IS NULL branch.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    for principal in database.tenancy.principals:
        yield judge_sessions(principal, [session for session in facts.sessions if session.principal == principal])


def judge_sessions(principal: str, sessions: list[Session]) -> Verdict:
    """The verdict on one principal from its sessions alone, in any order."""
    expected = "no row, on a fresh session and on a used one"
    leaks = _leaks(sessions)
    if leaks:
        return failed(
            f"{principal} reads tenants' rows without a tenant",
            subject=principal,
            observed="; ".join(leaks),
            expected=expected,
        )
    doubts = sorted({doubt for session in sessions for doubt in _doubts(session)})
    if doubts:
        summary = f"Some reads as {principal} ended in a way that says nothing"
        observed = "; ".join(doubts)
        return unverified(Reason.UNSUPPORTED, summary, subject=principal, observed=observed, expected=expected)
    seen = {session.context for session in sessions if session.looks}
    if seen < {Context.NEVER, Context.ENDED}:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{principal} was not seen both on a fresh session and on a used one, with a table to read",
            subject=principal,
            observed=", ".join(sorted(seen)) or "no session with a readable table",
            expected=expected,
            remedy="Point the database's url at the cluster rather than at its proxy, which hands out used sessions.",
        )
    count = len({look.table for session in sessions for look in session.looks})
    summary, observed = f"{principal} reads nothing without a tenant", f"no row of {count} tables"
    return passed(summary, subject=principal, observed=observed, expected=expected)


def _leaks(sessions: list[Session]) -> list[str]:
    """Every table that was read, with the sessions' contexts in which it was, in order of name."""
    found: dict[str, set[Context]] = {}
    for session in sessions:
        for look in session.looks:
            if look.outcome.rows:
                found.setdefault(look.table, set()).add(session.context)
    preset = ["a session starts with a tenant already set"] if any(s.context is Context.SET for s in sessions) else []
    return [*preset, *(f"{table} (context {', '.join(sorted(seen))})" for table, seen in sorted(found.items()))]


def _doubts(session: Session) -> Iterator[str]:
    for look in session.looks:
        if look.outcome.rows is None and look.outcome.sqlstate not in _CLOSED:
            yield f"{look.table}: SQLSTATE {look.outcome.sqlstate}"
