"""The sweep as an observation: every tenant in turn on every table that a principal reads, within bounds."""

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
from checks.tenancy.probes.probe_targets import probed_relation
from checks.tenancy.probes.sweep_sql import TenantIds, read_tenants, sweep_relation
from checks.tenancy.probes.targets import inheritance_tree
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement

BATCH_SIZE: Final = 1000
"""Tenants in one statement and transaction."""
SAMPLE_SIZE: Final = 300
"""Tenants tried at most where each costs a look at the whole table; 300 miss a leak to one in a hundred by 5 %."""
MAX_TENANTS: Final = 200_000
TIME_BUDGET: Final = timedelta(seconds=20)
_SLOW: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptTable:
    """One table as one principal: how many tenants saw only their own rows; `leak` is two salted hashes.

    `sampled` says that there is no index by which a tenant's rows are found.
    """

    principal: str
    table: str
    tenants_tried: int
    sampled: bool
    leak: tuple[str, str] | None
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSweep:
    """A sweep over `tenants_total` tenants, `tenants_read` of which were known; `skipped` tables have no key of their own to compare.

    `canaries_read` says that both canaries were among the tenants read.
    """

    tenants_total: int
    tenants_read: int
    rls_active: bool
    canaries_read: bool
    tables: tuple[SweptTable, ...]
    skipped: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Task:
    principal: str
    table: Relation
    place: ProbedRelation
    sampled: bool = False
    tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None

    @property
    def open(self) -> bool:
        return self.leak is None and self.sqlstate is None


@dataclass(kw_only=True)
class _Watch:
    """How long is left; it rests between statements, so that a busy server is not kept busier."""

    clock: Callable[[], float] = time.monotonic
    rest: Callable[[float], None] = time.sleep
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.clock() + TIME_BUDGET.total_seconds()

    def sooner(self, left: timedelta) -> None:
        """End within this time at the latest."""
        self.end = min(self.end, self.clock() + left.total_seconds())

    @property
    def over(self) -> bool:
        return self.clock() >= self.end

    def breathe(self, started: float) -> None:
        took = self.clock() - started
        if took > 0.1:  # noqa: PLR2004  # seconds; less than that is no burden
            self.rest(min(1.0, took / 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What all statements of one sweep share."""

    settings: tuple[str, ...]
    salt: str
    watch: _Watch


_Batches: TypeAlias = Iterator[tuple[tuple[str, ...], ...]]


def tenant_sweep(database: DatabaseClient, component: components.Database) -> TenantSweep:
    """Reads the tenants and tries them. Raises: ObservationError, naming the missing grant; NotFoundError."""
    tenancy = component.tenancy
    here = effective_access(inventory(database, component), tenancy)
    if tenancy.members is not None:
        raise ObservationError(Reason.UNSUPPORTED, "the context names a user, and a sweep acts for tenants alone")
    trial = _Trial(settings=tenancy.context, salt=secrets.token_hex(16), watch=_Watch())
    tenants = _tenants(database, here)
    tasks, skipped = _tasks(here)
    with ExitStack() as sessions:
        of = {p: sessions.enter_context(database.session_as(p, tenancy)) for p in tenancy.principals}
        _plan(database, here, of, tasks)
        quick, slow = ([t for t in tasks if t.sampled is sampled] for sampled in (False, True))
        _run(of, quick, _batches(tenants.ids, BATCH_SIZE), trial)
        trial.watch.sooner(_SLOW)
        _run(of, slow, _batches(tenants.ids[:SAMPLE_SIZE], SAMPLE_SIZE // 12), trial)
    return TenantSweep(
        tenants_total=tenants.total,
        tenants_read=len(tenants.ids),
        rls_active=tenants.rls_active,
        canaries_read={tenancy.canaries.a, tenancy.canaries.b} <= set(tenants.ids),
        tables=tuple(_held(here, task) for task in tasks),
        skipped=skipped,
    )


def _held(access: EffectiveAccess, task: _Task) -> SweptTable:
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
    us = quoted(database.principal)
    grant = f"GRANT SELECT ({', '.join(map(quoted, access.tenancy.root_key))}) ON {access.sql_name(root)} TO {us}"
    role = access.role_named(database.principal)
    if role is None or not access.role_privileges.has_schema_privilege(role.oid, root.schema, "USAGE"):
        grant = f"GRANT USAGE ON SCHEMA {quoted(root.schema)} TO {us}; {grant}"
    with database.probe_as(database.principal, access.tenancy) as probe:
        where = ProbedRelation(schema=root.schema, name=root.name, key=access.tenancy.root_key)
        return read_tenants(probe, where, MAX_TENANTS, remedy=grant)


def _tasks(access: EffectiveAccess) -> tuple[list[_Task], tuple[str, ...]]:
    tasks, skipped = list[_Task](), list[str]()
    for principal in access.tenancy.principals:
        role = access.role_named(principal)
        for table in access.tenant_tables():
            if role is None or Command.SELECT not in access.commands(role.oid, table):
                continue
            where = probed_relation(access, table)
            if where.key and access.columns_with_privilege(role.oid, table, "SELECT") >= set(where.key):
                tasks.append(_Task(principal=principal, table=table, place=where))
            else:
                skipped.append(access.declared_name(table))
    return tasks, tuple(dict.fromkeys(skipped))


def _plan(database: DatabaseClient, access: EffectiveAccess, of: dict[str, TenantSession], tasks: list[_Task]) -> None:
    """Marks the tasks in which finding a tenant's rows would read a large table from end to end."""
    large = {row.oid for row in database.query(load_statement("tenancy_large"), _Large, {})}
    names = {(r.schema, r.name) for r in access.inventory.relations if r.oid in large}
    if not names:
        return
    for principal, session in of.items():
        with session.probe() as probe:
            probe.set_context(Canary.A)
            for task in (t for t in tasks if t.principal == principal):
                plan = explain_unfiltered(probe, task.place, Command.SELECT)
                scanned = {(n.schema, n.relation) for n in plan.nodes if n.node_type == "Seq Scan"}
                task.sampled = bool(scanned & names & inheritance_tree(access, task.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Large:
    oid: int


def _batches(ids: tuple[tuple[str, ...], ...], size: int) -> _Batches:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _run(of: dict[str, TenantSession], tasks: list[_Task], batches: _Batches, trial: _Trial) -> None:
    watch = trial.watch
    for batch in batches:
        for principal, session in of.items():
            waiting = [t for t in tasks if t.principal == principal and t.open]
            if not waiting:
                continue
            with session.probe() as probe:
                for task in waiting:
                    if watch.over:
                        return
                    started = watch.clock()
                    found = sweep_relation(probe, task.place, trial.settings, batch, trial.salt)
                    task.leak, task.sqlstate = found.leak, found.sqlstate
                    task.tried += found.tenants_tried
                    watch.breathe(started)
