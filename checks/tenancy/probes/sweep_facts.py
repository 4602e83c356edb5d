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
from basewatch.postgres.probe_types import Canary, ProbedRelation
from checks.tenancy.probes.planner_sql import explain_unfiltered
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import inheritance_tree, probed_relation
from checks.tenancy.probes.sweep_sql import SweptRelation, TenantIds, read_tenants, sweep_relation
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement

BATCH_SIZE: Final = 1000
"""Tenants in one statement and transaction."""
SAMPLE_SIZE: Final = 300
"""Tenants tested at most where each needs a full scan; 300 miss a leak to 1 % of tenants with a probability of 5 %."""
MAX_TENANTS: Final = 200_000
TIME_BUDGET: Final = timedelta(seconds=20)
_SLOW: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptTable:
    """The sweep of one table as one principal.

    `leak` is the salted hashes of the reading tenant and of the owner of the row; `sampled` says that no index finds
    the rows of a tenant, so that only a sample was tested.
    """

    principal: str
    table: str
    tenants_tried: int
    sampled: bool
    leak: tuple[str, str] | None
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSweep:
    """The sweep of all tables over `tenants_read` of `tenants_total` tenants.

    `skipped` tables have no tenant key of their own; `canaries_read` says that both canaries were among the tenants.
    `login` is Basewatch's own role, which reads them.
    """

    tenants_total: int
    tenants_read: int
    rls_active: bool
    canaries_read: bool
    tables: tuple[SweptTable, ...]
    skipped: tuple[str, ...]
    unprobed: tuple[UnprobedPrincipal, ...] = ()
    login: str = ""


@dataclass(slots=True, kw_only=True)
class _Task:
    principal: str
    table: Relation
    swept: SweptRelation
    sampled: bool = False
    tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None

    @property
    def open(self) -> bool:
        return self.leak is None and self.sqlstate is None


@dataclass(kw_only=True)
class _Deadline:
    """The time left; also pauses between statements, to limit the load on the server."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.clock() + TIME_BUDGET.total_seconds()

    def shorten(self, left: timedelta) -> None:
        """End within `left` from now at the latest."""
        self.end = min(self.end, self.clock() + left.total_seconds())

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

    settings: tuple[str, ...]
    salt: str
    deadline: _Deadline


_Batches: TypeAlias = Iterator[tuple[tuple[str, ...], ...]]


def tenant_sweep(database: DatabaseClient, component: components.Database) -> TenantSweep:
    """Reads the tenants and tests them. Raises: ObservationError, naming the missing grant; NotFoundError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    if tenancy.members is not None:
        raise ObservationError(
            Reason.UNSUPPORTED, "the context names a user, and a sweep needs a context that names the tenant"
        )
    sweep = _SweepSettings(settings=tenancy.context, salt=secrets.token_hex(16), deadline=_Deadline())
    tenants = _tenants(database, access)
    tasks, skipped = _tasks(access)
    refused = list[UnprobedPrincipal]()
    with ExitStack() as stack:
        sessions = dict[str, TenantSession]()
        for principal in tenancy.principals:
            with noting_unprobed(principal, refused):
                session = stack.enter_context(database.session_as(principal, tenancy))
                with session.probe():
                    sessions[principal] = session
        tasks = [task for task in tasks if task.principal in sessions]
        _mark_sampled(database, access, sessions, tasks)
        indexed, unindexed = ([t for t in tasks if t.sampled is sampled] for sampled in (False, True))
        _sweep_tasks(sessions, indexed, _batches(tenants.ids, BATCH_SIZE), sweep)
        sweep.deadline.shorten(_SLOW)
        _sweep_tasks(sessions, unindexed, _batches(tenants.ids[:SAMPLE_SIZE], SAMPLE_SIZE // 12), sweep)
    return TenantSweep(
        tenants_total=tenants.total,
        tenants_read=len(tenants.ids),
        rls_active=tenants.rls_active,
        canaries_read={tenancy.canaries.a, tenancy.canaries.b} <= set(tenants.ids),
        tables=tuple(_swept_table(access, task) for task in tasks),
        skipped=skipped,
        unprobed=tuple(refused),
        login=database.principal,
    )


def _swept_table(access: EffectiveAccess, task: _Task) -> SweptTable:
    return SweptTable(
        principal=task.principal,
        table=access.declared_name(task.table),
        tenants_tried=task.tried,
        sampled=task.sampled,
        leak=task.leak,
        sqlstate=task.sqlstate,
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


def _tasks(access: EffectiveAccess) -> tuple[list[_Task], tuple[str, ...]]:
    tasks, skipped = list[_Task](), list[str]()
    for principal in access.tenancy.principals:
        role = access.role_named(principal)
        for table in access.tenant_tables():
            if role is None or Command.SELECT not in access.commands(role.oid, table):
                continue
            where = probed_relation(access, table)
            if where.key and access.columns_with_privilege(role.oid, table, "SELECT") >= set(where.key):
                types = tuple(column.type_name for key in where.key if (column := table.column(key)) is not None)
                tasks.append(_Task(principal=principal, table=table, swept=SweptRelation(relation=where, types=types)))
            else:
                skipped.append(access.declared_name(table))
    return tasks, tuple(dict.fromkeys(skipped))


def _mark_sampled(
    database: DatabaseClient, access: EffectiveAccess, sessions: dict[str, TenantSession], tasks: list[_Task]
) -> None:
    """Marks the tasks in which finding the rows of a tenant needs a sequential scan of a large table."""
    large = {row.oid for row in database.query(load_statement("tenancy_large"), _Large, {})}
    names = {(r.schema, r.name) for r in access.inventory.relations if r.oid in large}
    if not names:
        return
    for principal, session in sessions.items():
        with session.probe() as probe:
            probe.set_context(Canary.A)
            for task in (t for t in tasks if t.principal == principal):
                plan = explain_unfiltered(probe, task.swept.relation, Command.SELECT)
                scanned = {(n.schema, n.relation) for n in plan.nodes if n.node_type == "Seq Scan"}
                task.sampled = bool(scanned & names & inheritance_tree(access, task.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Large:
    oid: int


def _batches(ids: tuple[tuple[str, ...], ...], size: int) -> _Batches:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _sweep_tasks(
    sessions: dict[str, TenantSession], tasks: list[_Task], batches: _Batches, sweep: _SweepSettings
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
                    found = sweep_relation(probe, task.swept, sweep.settings, batch, sweep.salt)
                    task.leak, task.sqlstate = found.leak, found.sqlstate
                    task.tried += found.tenants_tried
                    deadline.pause(started)
