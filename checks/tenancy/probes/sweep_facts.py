"""The sweep: every tenant in turn, on every table that a principal may read, within a time budget."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

from basewatch import components
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, TenantSession
from basewatch.postgres.context_values import value_with
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.sweep_sql import SweepBatch, sweep_relation
from checks.tenancy.probes.sweep_tasks import SweepTask, mark_sampled, sweep_tasks
from checks.tenancy.probes.tenants_sql import TenantIds, read_tenants
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.naming import quoted
from isolation.inventory.snapshot import inventory

BATCH_SIZE: Final = 1000
"""Tenants in one statement and transaction."""
SAMPLE_SIZE: Final = 20
"""Tenants that read a sample of blocks where no index answers, so that each would need a scan of the whole table."""
MAX_TENANTS: Final = 200_000
TIME_BUDGET: Final = timedelta(seconds=20)
STATEMENT_BUDGET: Final = timedelta(seconds=2)
"""The time of one statement, after which it returns what it has found so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptTable:
    """The sweep of one table as one principal.

    `leak` is the salted hashes of the reading tenant and of the owner of the row; `sampled` says that no index answers,
    so that only some tenants read a sample of blocks, and `missing` are the statements that create missing indexes.
    """

    principal: str
    table: str
    tenants_tried: int
    sampled: bool
    leak: tuple[str, str] | None
    sqlstate: str | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSweep:
    """The sweep of all tables over `tenants_read` of `tenants_total` tenants.

    `skipped` tables have no tenant key of their own; `canaries_read` says that both canaries were among the tenants.
    `tables_total` is the number of tenant tables, and `login` is Basewatch's own role, which reads the tenants.
    """

    tenants_total: int
    tenants_read: int
    rls_active: bool
    canaries_read: bool
    tables: tuple[SweptTable, ...]
    skipped: tuple[str, ...]
    unprobed: tuple[UnprobedPrincipal, ...] = ()
    login: str = ""
    tables_total: int = 0


@dataclass(kw_only=True)
class _Deadline:
    """The time left; also pauses between statements, to limit the load on the server."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.clock() + TIME_BUDGET.total_seconds()

    @property
    def statement_seconds(self) -> float:
        """The time for one statement."""
        return max(0.0, min(STATEMENT_BUDGET.total_seconds(), self.end - self.clock()))

    @property
    def passed(self) -> bool:
        return self.clock() >= self.end

    def pause(self, started: float) -> None:
        took = self.clock() - started
        if took > 0.1:  # noqa: PLR2004  # seconds; a shorter statement is no load
            self.sleep(min(1.0, took / 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class _SweepSettings:
    """Parameters that all statements of one sweep share."""

    tenancy: Tenancy
    salt: str
    deadline: _Deadline


_Batches: TypeAlias = Iterator[tuple[tuple[str, ...], ...]]


def tenant_sweep(database: DatabaseClient, component: components.Database) -> TenantSweep:
    """Reads the tenants and tests them. Raises: ObservationError, naming the missing grant; NotFoundError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    if tenancy.members is not None or (tenancy.canaries.user_a is not None and tenancy.claim is None):
        raise ObservationError(
            Reason.UNSUPPORTED, "the context names a user, and a sweep needs a context that names the tenant"
        )
    sweep = _SweepSettings(tenancy=tenancy, salt=secrets.token_hex(16), deadline=_Deadline())
    tenants = _tenants(database, access)
    tasks, skipped = sweep_tasks(access)
    refused = list[UnprobedPrincipal]()
    with ExitStack() as stack:
        sessions = dict[str, TenantSession]()
        for principal in tenancy.principals:
            with noting_unprobed(principal, refused):
                session = stack.enter_context(database.session_as(principal, tenancy))
                with session.probe():
                    sessions[principal] = session
        tasks = [task for task in tasks if task.principal in sessions]
        mark_sampled(access, sessions, tasks)
        indexed, unindexed = ([t for t in tasks if t.sampled is sampled] for sampled in (False, True))
        _sweep_tasks(sessions, indexed, _batches(tenants.ids, BATCH_SIZE), sweep)
        _sweep_tasks(sessions, unindexed, _batches(tenants.ids[:SAMPLE_SIZE], SAMPLE_SIZE), sweep)
    return TenantSweep(
        tenants_total=tenants.total,
        tenants_read=len(tenants.ids),
        rls_active=tenants.rls_active,
        canaries_read={tenancy.canaries.a, tenancy.canaries.b} <= set(tenants.ids),
        tables=tuple(_swept_table(access, task) for task in tasks),
        skipped=skipped,
        unprobed=tuple(refused),
        login=database.principal,
        tables_total=len(access.tenant_tables()),
    )


def _swept_table(access: EffectiveAccess, task: SweepTask) -> SweptTable:
    return SweptTable(
        principal=task.principal,
        table=access.declared_name(task.table),
        tenants_tried=task.tried,
        sampled=task.sampled,
        leak=task.leak,
        sqlstate=task.sqlstate,
        missing=task.missing,
    )


def _tenants(database: DatabaseClient, access: EffectiveAccess) -> TenantIds:
    root = access.relation_named(access.tenancy.root)
    if root is None:
        raise ObservationError(Reason.STALE, f"the tenant root {access.tenancy.root} does not exist")
    login = quoted(database.principal)
    grant = f"GRANT SELECT ({', '.join(map(quoted, access.tenancy.root_key))}) ON {access.sql_name(root)} TO {login}"
    role = access.role_named(database.principal)
    if role is None or not access.role_privileges.has_schema_privilege(role.oid, root.schema, "USAGE"):
        grant = f"GRANT USAGE ON SCHEMA {quoted(root.schema)} TO {login}; {grant}"
    with database.probe_as(database.principal, access.tenancy) as probe:
        where = ProbedRelation(schema=root.schema, name=root.name, key=access.tenancy.root_key)
        return read_tenants(probe, where, MAX_TENANTS, remedy=grant, login=login)


def _context_of(tenancy: Tenancy, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The values of the context settings that name a tenant, in the form of those of canary A."""
    (_, form), _ = tenancy.canary_contexts
    return tuple(value_with(value, tenancy.claim, one) for value, one in zip(form, ids, strict=True))


def _batches(ids: tuple[tuple[str, ...], ...], size: int) -> _Batches:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _sweep_tasks(
    sessions: dict[str, TenantSession], tasks: list[SweepTask], batches: _Batches, sweep: _SweepSettings
) -> None:
    deadline = sweep.deadline
    for batch in batches:
        for principal, session in sessions.items():
            waiting = [t for t in tasks if t.principal == principal and t.open]
            if not waiting:
                continue
            with session.probe() as probe:
                for task in waiting:
                    if deadline.passed:
                        return
                    started = deadline.clock()
                    some = SweepBatch(
                        ids=batch,
                        settings=sweep.tenancy.context,
                        contexts=[_context_of(sweep.tenancy, ids) for ids in batch],
                        more=sweep.tenancy.canaries.settings_a,
                        salt=sweep.salt,
                        seconds=deadline.statement_seconds,
                    )
                    found = sweep_relation(probe, task.swept, some, sampled=task.sampled)
                    task.leak, task.sqlstate = found.leak, found.sqlstate
                    task.tried += found.tenants_tried
                    deadline.pause(started)
