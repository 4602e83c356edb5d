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
from checks.tenancy.probes.part_reads import PartRead, part_read, proven_reads
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
    """Whether any row of one relation could be read; `part` is set if it is too large to be read as a whole."""

    table: str
    approvables: tuple[Approvable, ...]
    outcome: ProbeOutcome
    part: PartRead | None = None


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
    proven = proven_reads(access)
    sessions, refused = list[SessionReads](), list[UnprobedPrincipal]()
    for principal in tenancy.principals:
        with noting_unprobed(principal, refused):
            targets = [target for target in readable_targets(access, principal) if target.probed.keyed]
            for login_path, opening in _login_paths(database, principal, tenancy):
                about = _Principal(access=access, name=principal, login_path=login_path, targets=targets, proven=proven)
                with opening as session:
                    sessions.extend(_sessions(session, about))
    return NoContextReads(sessions=tuple(sessions), unprobed=tuple(refused), table_count=len(access.tenant_tables()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Principal:
    access: EffectiveAccess
    name: str
    login_path: LoginPath
    targets: Sequence[ProbeTarget]
    proven: frozenset[tuple[str, int]]


def _login_paths(
    database: DatabaseClient, principal: str, tenancy: Tenancy
) -> Iterator[tuple[LoginPath, AbstractContextManager[TenantSession]]]:
    if database.has_login(principal):
        yield LoginPath.DIRECT, database.login_session(principal, tenancy)
    else:
        yield LoginPath.SET_ROLE, database.session_as(principal, tenancy, new_connection=True)
    if database.has_login(principal, through_proxy=True):
        yield LoginPath.PROXY, database.login_session(principal, tenancy, through_proxy=True)


def _sessions(session: TenantSession, about: _Principal) -> Iterator[SessionReads]:
    with session.probe() as probe:
        yield _session_reads(probe, about, used=False)
    with session.probe() as probe:
        probe.set_context(Canary.A)
    with session.probe() as probe:
        yield _session_reads(probe, about, used=True)


def _session_reads(probe: TenantProbe, about: _Principal, *, used: bool) -> SessionReads:
    values = probe.context_values()
    is_login_role, row_security, replication_role = probe.session_state()
    outcomes = zip(about.targets, probe.any_rows([target.probed for target in about.targets]), strict=True)
    context = ContextState.SET if any(values) else ContextState.NEVER_SET if None in values else ContextState.EMPTY
    found = SessionReads(
        principal=about.name,
        login_path=about.login_path,
        used=used,
        empty_by_default=_empty(about.access, about.name),
        context=context,
        is_login_role=is_login_role,
        row_security=row_security,
        replication_role=replication_role,
        can_disable_triggers=probe.can_disable_triggers(),
        reads=tuple(_relation_read(about, target, outcome) for target, outcome in outcomes),
    )
    probe.stop_if_blocking([target.probed for target in about.targets])
    return found


def _relation_read(about: _Principal, target: ProbeTarget, outcome: ProbeOutcome) -> RelationRead:
    proven = (about.name, target.relation.oid) in about.proven
    return RelationRead(
        table=target.name,
        approvables=target.approvables,
        outcome=outcome,
        part=part_read(about.access, target.relation, [outcome], proven=proven),
    )


def _empty(access: EffectiveAccess, principal: str) -> bool:
    """Whether sessions of the principal start with all context settings empty, by ALTER DATABASE or ALTER ROLE."""
    role, here = access.role_named(principal), access.inventory.server.database_oid
    oid = role.oid if role else 0
    names = {
        s.name for s in access.inventory.role_settings if s.empty and s.role in {0, oid} and s.database in {0, here}
    }
    return names >= set(access.tenancy.context)
