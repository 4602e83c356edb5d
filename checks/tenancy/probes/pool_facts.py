"""The state of pooled sessions at the start of successive transactions."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch import components
from basewatch.postgres import DatabaseClient
from checks.tenancy.probes.pool_sql import LeftoverState, has_lastval, leftover_state


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStart:
    """The session state at the start of one transaction; `session` numbers server sessions in order of appearance."""

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
    """The pooled logins of all principals."""

    logins: tuple[PooledLogin, ...]


# A pooler may provide another session each time; a few transactions show its usual behaviour.
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
                    state = leftover_state(probe, tenancy.context_settings)
                    number = sessions.setdefault(state.backend_pid, len(sessions) + 1)
                    starts.append(_start(number, state, last_value=has_lastval(probe)))
        pooled.append(PooledLogin(principal=principal, starts=tuple(starts)))
    return PooledSessions(logins=tuple(pooled))


def _start(session: int, state: LeftoverState, *, last_value: bool) -> TransactionStart:
    return TransactionStart(
        session=session,
        has_context=state.has_context,
        role_changed=state.role_changed,
        replication_role_changed=state.replication_role_changed,
        temp_tables=state.temp_tables,
        holdable_cursors=state.holdable_cursors,
        prepared_statements=state.prepared_statements,
        listen_channels=state.listen_channels,
        advisory_locks=state.advisory_locks,
        has_lastval=last_value,
    )
