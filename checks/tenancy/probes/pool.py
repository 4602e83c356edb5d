"""The check that a pooled session comes back clean: nothing of the tenant who had it before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch import components
from basewatch.affected import session_object, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import DatabaseClient
from checks.tenancy.probes.causes import CATALOG_CAUSES
from checks.tenancy.probes.pool_sql import LeftoverState, has_lastval, leftover_state


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStart:
    """What the start of one transaction found; `session` numbers the server's sessions in order of appearance."""

    session: int
    has_context: bool
    role_changed: bool
    replication_role_changed: bool
    temp_tables: int
    holdable_cursors: int
    prepared_statements: int
    listen_channels: int
    advisory_locks: int
    has_lastval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledLogin:
    """The starts of successive transactions of one principal through the pooler."""

    principal: str
    starts: tuple[TransactionStart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledSessions:
    """Every principal that logs in through a pooler."""

    logins: tuple[PooledLogin, ...]


# A pooler may hand out another session each time; a few are enough to see what it does as a rule.
_TRANSACTIONS = 5


def pooled_sessions(database: DatabaseClient, component: components.Database) -> PooledSessions:
    """Begins transactions as each principal that has a login through the pooler.

    Raises: ObservationError, NotFoundError.
    """
    tenancy = component.tenancy
    pooled = list[PooledLogin]()
    for principal in (name for name in tenancy.principals if database.has_login(name, through_proxy=True)):
        sessions: dict[int, int] = {}
        starts = list[TransactionStart]()
        with database.login_session(principal, tenancy, through_proxy=True) as session:
            for _ in range(_TRANSACTIONS):
                with session.probe() as probe:
                    found = leftover_state(probe, tenancy.context)
                    number = sessions.setdefault(found.backend_pid, len(sessions) + 1)
                    starts.append(_start(number, found, last_value=has_lastval(probe)))
        pooled.append(PooledLogin(principal=principal, starts=tuple(starts)))
    return PooledSessions(logins=tuple(pooled))


def _start(session: int, found: LeftoverState, *, last_value: bool) -> TransactionStart:
    return TransactionStart(
        session=session,
        has_context=found.has_context,
        role_changed=found.role_changed,
        replication_role_changed=found.replication_role_changed,
        temp_tables=found.temp_tables,
        holdable_cursors=found.holdable_cursors,
        prepared_statements=found.prepared_statements,
        listen_channels=found.listen_channels,
        advisory_locks=found.advisory_locks,
        has_lastval=last_value,
    )


@check(
    "tenancy.probe.pool",
    component=components.Database,
    observe=pooled_sessions,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT",),
    promises=("tenancy.pooled",),
    explained_by=CATALOG_CAUSES,
)
def pooled_sessions_start_clean(
    facts: PooledSessions, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """A transaction through the pooler begins with nothing that another tenant left in the session.

    Why: A context, a temporary table or a cursor that outlives its transaction shows one tenant's rows to the next.
    Reads: One SELECT at the start of five transactions of each principal that logs in through the pooler.
    Unverified when: The pooler cannot be reached or refuses the login.
    Fix: SET LOCAL or set_config(..., true) inside a transaction, never for the session; reset sessions in the pooler.
    Source: https://www.pgbouncer.org/features.html
    """
    if not facts.logins:
        yield unverified(Reason.UNSUPPORTED, "No login through the pooler was at hand")
    for login in facts.logins:
        yield judge_starts(login)


def judge_starts(login: PooledLogin) -> Verdict:
    """The verdict on one principal from the starts of its transactions."""
    found = [residue for residue in _KINDS if any(getattr(start, residue) for start in login.starts)]
    expected = "no trace of anyone at the start of a transaction"
    sessions = len({start.session for start in login.starts})
    if not found:
        observed = f"{len(login.starts)} transactions on {sessions} session{'s' if sessions > 1 else ''}"
        return passed(f"{login.principal} is handed clean sessions", subject=login.principal, observed=observed)
    worst = max((_KINDS[name] for name in found), key=lambda kind: kind.severity.rank)
    verdict = failed(
        f"{login.principal} is handed sessions that hold something of whoever had them before",
        subject=login.principal,
        observed="; ".join(_KINDS[name].words for name in found),
        expected=expected,
        remedy=" ".join(_KINDS[name].remedy for name in found),
        severity=worst.severity,
    )
    # What else a session holds, no default put there.
    explicable = set(found) <= _BY_DEFAULT.keys()
    return with_affected(
        verdict, ((login.principal, session_object(_BY_DEFAULT[name])) for name in found if explicable)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    words: str
    severity: Severity
    remedy: str


_BY_DEFAULT = {
    "has_context": "context",
    "role_changed": "role",
    "replication_role_changed": "session_replication_role",
}
_KINDS = {
    "has_context": _Kind(
        words="the context of a tenant is set",
        severity=Severity.CRITICAL,
        remedy="Set the context with SET LOCAL or set_config(..., true) alone, also in functions; "
        "ALTER ROLE/DATABASE ... RESET its default, and look at the pooler's own options for one.",
    ),
    "role_changed": _Kind(
        words="the session runs as another role than it logged in as",
        severity=Severity.HIGH,
        remedy="SET LOCAL ROLE, never SET ROLE; ALTER ROLE ... RESET role.",
    ),
    "replication_role_changed": _Kind(
        words="session_replication_role is not origin, so that triggers do not fire",
        severity=Severity.HIGH,
        remedy="Revoke SET on session_replication_role, and reset it.",
    ),
    "temp_tables": _Kind(
        words="temporary tables, which no row security guards",
        severity=Severity.HIGH,
        remedy="CREATE TEMPORARY TABLE ... ON COMMIT DROP, or REVOKE TEMPORARY ON DATABASE from the role and PUBLIC.",
    ),
    "holdable_cursors": _Kind(
        words="cursors WITH HOLD, from which rows can be fetched",
        severity=Severity.HIGH,
        remedy="Declare cursors without HOLD, or close them.",
    ),
    "prepared_statements": _Kind(
        words="statements of PREPARE, with their text",
        severity=Severity.MEDIUM,
        remedy="Let the driver prepare by the protocol, or DEALLOCATE.",
    ),
    "listen_channels": _Kind(
        words="channels that are listened to",
        severity=Severity.MEDIUM,
        remedy="LISTEN on a session of its own, not on a pooled one.",
    ),
    "advisory_locks": _Kind(
        words="advisory locks of the session",
        severity=Severity.LOW,
        remedy="Use pg_advisory_xact_lock().",
    ),
    "has_lastval": _Kind(
        words="lastval() tells a number that somebody drew",
        severity=Severity.LOW,
        remedy="INSERT ... RETURNING instead of lastval(); server_reset_query = DISCARD ALL where sessions are pooled.",
    ),
}
