"""The check that a session without a tenant sees no tenant's rows, tried as each principal really logs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from basewatch import components
from basewatch.about import About, concerning, of_session
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import Database, TenantSession
from basewatch.postgres.place import Canary, Outcome
from basewatch.postgres.probe import TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.causes import SEEN
from checks.tenancy.probes.places import Object, Target, readable
from checks.tenancy.probes.refusals import Refused, unless_refused, untold
from isolation.inventory.reading import inventory
from isolation.inventory.world import World, world

_EXPECTED = "no tenant and no row, on a fresh session and on a used one"


class Context(StrEnum):
    """What a session has for a tenant before anybody names one: nothing, an empty text once one has ended, or one."""

    NEVER = "never set"
    ENDED = "empty"
    SET = "set"


class Way(StrEnum):
    """How the session came about: the principal logged in, straight or through the proxy, or Basewatch became it."""

    DIRECT = "its own login"
    PROXY = "its login through the proxy"
    OURS = "SET ROLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Whether any row of one relation could be read."""

    table: str
    vouchers: tuple[Object, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one principal had and saw before any tenant was named: on a fresh session, or once one had been `used`.

    `empty_by_default` says that the catalogues start its sessions with an empty context, as if they had been used.
    """

    principal: str
    way: Way
    used: bool
    empty_by_default: bool
    context: Context
    itself: bool
    row_security: bool
    replication_role: str
    turns_triggers_off: bool
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutContext:
    """A fresh and a used session of every principal, by each way in; `tables` have the tenant key."""

    sessions: tuple[Session, ...]
    refused: tuple[Refused, ...]
    tables: int


def without_context(database: Database, component: components.Database) -> WithoutContext:
    """Reads as each principal, on fresh sessions and on used ones. Raises: CouldNotLook."""
    tenancy = component.tenancy
    known = world(inventory(database, component), tenancy)
    sessions, refused = list[Session](), list[Refused]()
    for principal in tenancy.principals:
        with unless_refused(principal, refused):
            targets = [target for target in readable(known, principal) if target.place.keyed]
            for way, opening in _ways(database, principal, tenancy):
                with opening as session:
                    sessions.extend(_sessions(session, principal, way, targets, empty=_empty(known, principal)))
    return WithoutContext(sessions=tuple(sessions), refused=tuple(refused), tables=len(known.tenant_tables()))


def _ways(
    database: Database, principal: str, tenancy: Tenancy
) -> Iterator[tuple[Way, AbstractContextManager[TenantSession]]]:
    if database.can_log_in(principal):
        yield Way.DIRECT, database.logged_in(principal, tenancy)
    else:
        yield Way.OURS, database.session(principal, tenancy, fresh=True)
    if database.can_log_in(principal, through_proxy=True):
        yield Way.PROXY, database.logged_in(principal, tenancy, through_proxy=True)


def _sessions(
    session: TenantSession, principal: str, way: Way, targets: Sequence[Target], *, empty: bool
) -> Iterator[Session]:
    with session.probe() as probe:
        yield _look(probe, principal, way, targets, used=False, empty=empty)
    with session.probe() as probe:
        probe.act_as(Canary.A)
    with session.probe() as probe:
        yield _look(probe, principal, way, targets, used=True, empty=empty)


def _look(
    probe: TenantProbe, principal: str, way: Way, targets: Sequence[Target], *, used: bool, empty: bool
) -> Session:
    values = probe.context()
    itself, row_security, replication_role = probe.session()
    looks = zip(targets, probe.any_rows([target.place for target in targets]), strict=True)
    context = Context.SET if any(values) else Context.NEVER if None in values else Context.ENDED
    found = Session(
        principal=principal,
        way=way,
        used=used,
        empty_by_default=empty,
        context=context,
        itself=itself,
        row_security=row_security,
        replication_role=replication_role,
        turns_triggers_off=probe.can_turn_triggers_off(),
        looks=tuple(Look(table=target.name, vouchers=target.vouchers, outcome=outcome) for target, outcome in looks),
    )
    probe.step_aside()
    return found


def _empty(known: World, principal: str) -> bool:
    """Whether every context setting starts empty by ALTER DATABASE or ALTER ROLE, on this principal's sessions."""
    role, here = known.role_named(principal), known.inventory.server.database_oid
    oid = role.oid if role else 0
    names = {s.name for s in known.inventory.settings if s.empty and s.role in {0, oid} and s.database in {0, here}}
    return names >= set(known.tenancy.context)


@check(
    "tenancy.probe.no_context",
    component=components.Database,
    observe=without_context,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
    explained_by=SEEN,
)
def no_context_shows_no_rows(facts: WithoutContext, database: components.Database, now: datetime) -> Iterator[Verdict]:
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
    refused = {each.principal: each for each in facts.refused}
    for principal in database.tenancy.principals:
        if principal in refused:
            yield refused[principal].verdict()
            continue
        sessions = [session for session in facts.sessions if session.principal == principal]
        yield judge_sessions(principal, sessions, database.tenancy, now, tables=facts.tables)


def judge_sessions(principal: str, sessions: list[Session], tenancy: Tenancy, now: datetime, *, tables: int) -> Verdict:
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
        return concerning(verdict, (about for session in sessions for about in _about(session, tenancy, now)))
    unclear = untold(principal, ((look.table, look.outcome) for s in sessions for look in s.looks), _EXPECTED)
    if unclear:
        return unclear
    fresh = [s for s in sessions if not s.used and s.way is not Way.PROXY]
    if not tables or not any(s.context is Context.NEVER or s.empty_by_default for s in fresh):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{principal} was not seen on a session that never had a tenant, with tables to read",
            subject=principal,
            observed="a new session was a used one" if tables else "no table has the tenant key",
            expected=_EXPECTED,
            remedy="Point the database's url at the cluster rather than at its proxy, which hands out used sessions.",
        )
    count = len({look.table for session in sessions for look in session.looks})
    ways = ", ".join(sorted({session.way for session in sessions}))
    direct = any(s.way is Way.DIRECT for s in fresh)
    unseen = "" if direct else "; what ALTER ROLE starts its sessions with is not seen"
    summary, observed = f"{principal} reads nothing without a tenant", f"no row of {count} relations, by {ways}{unseen}"
    return passed(summary, subject=principal, observed=observed, expected=_EXPECTED)


def _flaws(session: Session) -> Iterator[tuple[str, str]]:
    if session.context is Context.SET:
        outlives = "a tenant outlives its transaction"
        yield "context", outlives if session.used else "a session starts with a tenant already set"
    if session.turns_triggers_off:
        yield "session_replication_role", "it may set session_replication_role, and with it turn triggers off"
    if session.way is Way.OURS:
        return
    if not session.itself:
        yield "role", "its sessions start as another role"
    if not session.row_security:
        yield "row_security", "its sessions start with row_security off"
    if session.replication_role != "origin":
        yield "session_replication_role", f"its sessions start with session_replication_role {session.replication_role}"


def _about(session: Session, tenancy: Tenancy, now: datetime) -> Iterator[About]:
    """How its session starts, or else where it saw rows: with a tenant, or as somebody else, it may well see some."""
    wrong = {what for what, _ in _flaws(session)}
    excused = wrong & {"context", "role"}
    yield from ((session.principal, of_session(what)) for what in (excused if "role" in wrong else wrong))
    if not excused:
        yield from ((session.principal, table) for table in _leaking(session, tenancy, now))


def _leaking(session: Session, tenancy: Tenancy, now: datetime) -> Iterator[str]:
    for look in session.looks:
        if look.outcome.rows and not any(voucher.vouched(tenancy, now) for voucher in look.vouchers):
            yield look.table


def _leaks(sessions: list[Session], tenancy: Tenancy, now: datetime) -> Iterator[str]:
    found = sorted({(table, s.context.value) for s in sessions for table in _leaking(s, tenancy, now)})
    for table, contexts in groupby(found, key=lambda each: each[0]):
        yield f"{table} (context {', '.join(context for _, context in contexts)})"
