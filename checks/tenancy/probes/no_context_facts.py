"""Reads of each principal before any context is set, on fresh and on used sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from basewatch import components
from basewatch.postgres import DatabaseClient, TenantSession
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.flaws import Approvable
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import ProbeTarget, readable_targets
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.snapshot import inventory


class ContextState(StrEnum):
    """The context of a session before it is set: never set, empty after an earlier transaction, or set."""

    NEVER_SET = "never set"
    EMPTY = "empty"
    SET = "set"


class LoginPath(StrEnum):
    """How the session was opened: by a login of the principal, directly or through the proxy, or by SET ROLE."""

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
    """The state and reads of one principal without a context, on a fresh session or one `used` with a context before.

    `empty_by_default` says that its sessions start with an empty context by ALTER ROLE or ALTER DATABASE.
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
    """A fresh and a used session of every principal by each login path; `table_count` tables have the tenant key."""

    sessions: tuple[SessionReads, ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    table_count: int


def no_context_reads(database: DatabaseClient, component: components.Database) -> NoContextReads:
    """Reads as each principal, on fresh sessions and on used ones. Raises: ObservationError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    sessions, refused = list[SessionReads](), list[UnprobedPrincipal]()
    for principal in tenancy.principals:
        with noting_unprobed(principal, refused):
            targets = [target for target in readable_targets(access, principal) if target.probed.keyed]
            for login_path, opening in _login_paths(database, principal, tenancy):
                with opening as session:
                    sessions.extend(_sessions(session, principal, login_path, targets, empty=_empty(access, principal)))
    return NoContextReads(sessions=tuple(sessions), unprobed=tuple(refused), table_count=len(access.tenant_tables()))


def _login_paths(
    database: DatabaseClient, principal: str, tenancy: Tenancy
) -> Iterator[tuple[LoginPath, AbstractContextManager[TenantSession]]]:
    if database.has_login(principal):
        yield LoginPath.DIRECT, database.login_session(principal, tenancy)
    else:
        yield LoginPath.SET_ROLE, database.session_as(principal, tenancy, new_connection=True)
    if database.has_login(principal, through_proxy=True):
        yield LoginPath.PROXY, database.login_session(principal, tenancy, through_proxy=True)


def _sessions(
    session: TenantSession, principal: str, login_path: LoginPath, targets: Sequence[ProbeTarget], *, empty: bool
) -> Iterator[SessionReads]:
    with session.probe() as probe:
        yield _session_reads(probe, principal, login_path, targets, used=False, empty=empty)
    with session.probe() as probe:
        probe.set_context(Canary.A)
    with session.probe() as probe:
        yield _session_reads(probe, principal, login_path, targets, used=True, empty=empty)


def _session_reads(
    probe: TenantProbe,
    principal: str,
    login_path: LoginPath,
    targets: Sequence[ProbeTarget],
    *,
    used: bool,
    empty: bool,
) -> SessionReads:
    values = probe.context_values()
    is_login_role, row_security, replication_role = probe.session_state()
    outcomes = zip(targets, probe.any_rows([target.probed for target in targets]), strict=True)
    context = ContextState.SET if any(values) else ContextState.NEVER_SET if None in values else ContextState.EMPTY
    found = SessionReads(
        principal=principal,
        login_path=login_path,
        used=used,
        empty_by_default=empty,
        context=context,
        is_login_role=is_login_role,
        row_security=row_security,
        replication_role=replication_role,
        can_disable_triggers=probe.can_disable_triggers(),
        reads=tuple(
            RelationRead(table=target.name, approvables=target.approvables, outcome=outcome)
            for target, outcome in outcomes
        ),
    )
    probe.stop_if_blocking()
    return found


def _empty(access: EffectiveAccess, principal: str) -> bool:
    """Whether sessions of the principal start with all context settings empty, by ALTER DATABASE or ALTER ROLE."""
    role, here = access.role_named(principal), access.inventory.server.database_oid
    oid = role.oid if role else 0
    names = {
        s.name for s in access.inventory.role_settings if s.empty and s.role in {0, oid} and s.database in {0, here}
    }
    return names >= set(access.tenancy.context)
