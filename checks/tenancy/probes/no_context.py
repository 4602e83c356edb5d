"""The check that a session without a tenant sees no tenant's rows, tried as each principal really logs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from basewatch import components
from basewatch.affected import Affected, session_object, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import DatabaseClient, TenantSession
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import READ_CAUSES
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, inconclusive, noting_unprobed
from checks.tenancy.probes.probe_targets import Approvable, ProbeTarget, readable_targets
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.snapshot import inventory

_EXPECTED = "no tenant and no row, on a fresh session and on a used one"


class ContextState(StrEnum):
    """What a session has for a tenant before anybody names one: nothing, an empty text once one has ended, or one."""

    NEVER_SET = "never set"
    EMPTY = "empty"
    SET = "set"


class LoginPath(StrEnum):
    """How the session came about: the principal logged in, straight or through the proxy, or Basewatch became it."""

    DIRECT = "its own login"
    PROXY = "its login through the proxy"
    SET_ROLE = "SET ROLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRead:
    """Whether any row of one relation could be read."""

    table: str
    approvables: tuple[Approvable, ...]
    outcome: ProbeOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReads:
    """What one principal had and saw before any tenant was named: on a fresh session, or once one had been `used`.

    `empty_by_default` says that the catalogues start its sessions with an empty context, as if they had been used.
    """

    principal: str
    login_path: LoginPath
    used: bool
    empty_by_default: bool
    context: ContextState
    is_login_role: bool
    row_security: bool
    replication_role: str
    can_disable_triggers: bool
    reads: tuple[RelationRead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoContextReads:
    """A fresh and a used session of every principal, by each way in; `table_count` have the tenant key."""

    sessions: tuple[SessionReads, ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    table_count: int


def no_context_reads(database: DatabaseClient, component: components.Database) -> NoContextReads:
    """Reads as each principal, on fresh sessions and on used ones. Raises: ObservationError."""
    tenancy = component.tenancy
    known = effective_access(inventory(database, component), tenancy)
    sessions, refused = list[SessionReads](), list[UnprobedPrincipal]()
    for principal in tenancy.principals:
        with noting_unprobed(principal, refused):
            targets = [target for target in readable_targets(known, principal) if target.probed.keyed]
            for way, opening in _ways(database, principal, tenancy):
                with opening as session:
                    sessions.extend(_sessions(session, principal, way, targets, empty=_empty(known, principal)))
    return NoContextReads(sessions=tuple(sessions), unprobed=tuple(refused), table_count=len(known.tenant_tables()))


def _ways(
    database: DatabaseClient, principal: str, tenancy: Tenancy
) -> Iterator[tuple[LoginPath, AbstractContextManager[TenantSession]]]:
    if database.has_login(principal):
        yield LoginPath.DIRECT, database.login_session(principal, tenancy)
    else:
        yield LoginPath.SET_ROLE, database.session_as(principal, tenancy, new_connection=True)
    if database.has_login(principal, through_proxy=True):
        yield LoginPath.PROXY, database.login_session(principal, tenancy, through_proxy=True)


def _sessions(
    session: TenantSession, principal: str, way: LoginPath, targets: Sequence[ProbeTarget], *, empty: bool
) -> Iterator[SessionReads]:
    with session.probe() as probe:
        yield _look(probe, principal, way, targets, used=False, empty=empty)
    with session.probe() as probe:
        probe.set_context(Canary.A)
    with session.probe() as probe:
        yield _look(probe, principal, way, targets, used=True, empty=empty)


def _look(
    probe: TenantProbe, principal: str, way: LoginPath, targets: Sequence[ProbeTarget], *, used: bool, empty: bool
) -> SessionReads:
    values = probe.context_values()
    itself, row_security, replication_role = probe.session_state()
    looks = zip(targets, probe.any_rows([target.probed for target in targets]), strict=True)
    context = ContextState.SET if any(values) else ContextState.NEVER_SET if None in values else ContextState.EMPTY
    found = SessionReads(
        principal=principal,
        login_path=way,
        used=used,
        empty_by_default=empty,
        context=context,
        is_login_role=itself,
        row_security=row_security,
        replication_role=replication_role,
        can_disable_triggers=probe.can_disable_triggers(),
        reads=tuple(
            RelationRead(table=target.name, approvables=target.approvables, outcome=outcome)
            for target, outcome in looks
        ),
    )
    probe.stop_if_blocking()
    return found


def _empty(access: EffectiveAccess, principal: str) -> bool:
    """Whether every context setting starts empty by ALTER DATABASE or ALTER ROLE, on this principal's sessions."""
    role, here = access.role_named(principal), access.inventory.server.database_oid
    oid = role.oid if role else 0
    names = {
        s.name for s in access.inventory.role_settings if s.empty and s.role in {0, oid} and s.database in {0, here}
    }
    return names >= set(access.tenancy.context)


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
    """A session in which no tenant was named has none, reads no row of any tenant, and keeps row security on.

    Why: A forgotten setting must show nothing; a policy that fails open shows everything, and only on some sessions.
    Reads: As each tenant-bound role on a new session, by its own login where tenancy.logins has one and through the
    proxy too: the context, the session's role, row security and replication role, and whether any tenant table shows a
    row; and the same once a tenant was named and its transaction has ended. READ ONLY and rolled back.
    Unverified when: Basewatch may not become the role, a table is locked, or a pooler hands out used sessions alone.
    Without the role's own login, what ALTER ROLE starts its sessions with is not seen; tenancy.settings reads that.
    Fix: Write policies so that an unset and an empty setting compare as NULL, with nullif() and no IS NULL branch; take
    away defaults with ALTER ROLE ... RESET, and REVOKE SET ON PARAMETER session_replication_role.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    refused = {each.principal: each for each in facts.unprobed}
    for principal in database.tenancy.principals:
        if principal in refused:
            yield refused[principal].verdict()
            continue
        sessions = [session for session in facts.sessions if session.principal == principal]
        yield judge_sessions(principal, sessions, database.tenancy, now, tables=facts.table_count)


def judge_sessions(
    principal: str, sessions: list[SessionReads], tenancy: Tenancy, now: datetime, *, tables: int
) -> Verdict:
    """The verdict on one principal from its sessions alone, in any order."""
    flaws = sorted({flaw for session in sessions for _, flaw in _flaws(session)})
    leaks = sorted(_leaks(sessions, tenancy, now))
    if flaws or leaks:
        verdict = failed(
            f"{principal} is not kept out without a tenant",
            subject=principal,
            observed="; ".join((*flaws, *leaks)),
            expected=_EXPECTED,
            remedy="Close what is observed: RESET the default, REVOKE the membership or the parameter, or rewrite the "
            "policy so that NULL and '' compare as NULL.",
        )
        return with_affected(verdict, (about for session in sessions for about in _about(session, tenancy, now)))
    unclear = inconclusive(principal, ((look.table, look.outcome) for s in sessions for look in s.reads), _EXPECTED)
    if unclear:
        return unclear
    fresh = [s for s in sessions if not s.used and s.login_path is not LoginPath.PROXY]
    if not tables or not any(s.context is ContextState.NEVER_SET or s.empty_by_default for s in fresh):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{principal} was not seen on a session that never had a tenant, with tables to read",
            subject=principal,
            observed="a new session was a used one" if tables else "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Point the database's url at the cluster rather than at its proxy, which hands out used sessions.",
        )
    count = len({look.table for session in sessions for look in session.reads})
    ways = ", ".join(sorted({session.login_path for session in sessions}))
    direct = any(s.login_path is LoginPath.DIRECT for s in fresh)
    unseen = "" if direct else "; what ALTER ROLE starts its sessions with is not seen"
    summary, observed = f"{principal} reads nothing without a tenant", f"no row of {count} relations, by {ways}{unseen}"
    return passed(summary, subject=principal, observed=observed, expected=_EXPECTED)


def _flaws(session: SessionReads) -> Iterator[tuple[str, str]]:
    if session.context is ContextState.SET:
        outlives = "a tenant outlives its transaction"
        yield "context", outlives if session.used else "a session starts with a tenant already set"
    if session.can_disable_triggers:
        yield "session_replication_role", "it may set session_replication_role, and with it turn triggers off"
    if session.login_path is LoginPath.SET_ROLE:
        return
    if not session.is_login_role:
        yield "role", "its sessions start as another role"
    if not session.row_security:
        yield "row_security", "its sessions start with row_security off"
    if session.replication_role != "origin":
        yield "session_replication_role", f"its sessions start with session_replication_role {session.replication_role}"


def _about(session: SessionReads, tenancy: Tenancy, now: datetime) -> Iterator[Affected]:
    """How its session starts, or else where it saw rows: with a tenant, or as somebody else, it may well see some."""
    wrong = {what for what, _ in _flaws(session)}
    excused = wrong & {"context", "role"}
    yield from ((session.principal, session_object(what)) for what in (excused if "role" in wrong else wrong))
    if not excused:
        yield from ((session.principal, table) for table in _leaking(session, tenancy, now))


def _leaking(session: SessionReads, tenancy: Tenancy, now: datetime) -> Iterator[str]:
    for look in session.reads:
        if look.outcome.rows and not any(voucher.approved(tenancy, now) for voucher in look.approvables):
            yield look.table


def _leaks(sessions: list[SessionReads], tenancy: Tenancy, now: datetime) -> Iterator[str]:
    found = sorted({(table, s.context.value) for s in sessions for table in _leaking(s, tenancy, now)})
    for table, contexts in groupby(found, key=lambda each: each[0]):
        yield f"{table} (context {', '.join(context for _, context in contexts)})"
