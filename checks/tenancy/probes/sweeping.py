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
from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from basewatch.postgres import Database, TenantSession
from basewatch.postgres.place import Canary, Place
from checks.tenancy.probes.places import place_of
from checks.tenancy.probes.planner_sql import plan_blind
from checks.tenancy.probes.sweep_sql import Tenants, read_tenants, sweep
from checks.tenancy.probes.targets import family
from isolation.inventory.naming import quoted
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Command, Relation
from isolation.inventory.world import World, world
from isolation.sql import load

BATCH: Final = 1000
"""Tenants in one statement and transaction."""
SAMPLE: Final = 300
"""Tenants tried at most where each costs a look at the whole table; 300 miss a leak to one in a hundred by 5 %."""
MOST: Final = 200_000
TOTAL: Final = timedelta(seconds=20)
_SLOW: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One table as one principal: how many tenants saw only their own rows; `leak` is two salted hashes.

    `sampled` says that there is no index by which a tenant's rows are found.
    """

    principal: str
    table: str
    tried: int
    sampled: bool
    leak: tuple[str, str] | None
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A sweep over `total` tenants, `read` of which were known; `skipped` tables have no key of their own to compare.

    `canaries` says that both canaries were among the tenants read.
    """

    total: int
    read: int
    filtered: bool
    canaries: bool
    tables: tuple[Held, ...]
    skipped: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Task:
    principal: str
    table: Relation
    place: Place
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
        self.end = self.clock() + TOTAL.total_seconds()

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


def sweeping(database: Database, component: components.Database) -> Sweep:
    """Reads the tenants and tries them. Raises: CouldNotLook, naming the missing grant; Absent."""
    tenancy = component.tenancy
    here = world(inventory(database, component), tenancy)
    if tenancy.members is not None:
        raise CouldNotLook(Reason.UNSUPPORTED, "the context names a user, and a sweep acts for tenants alone")
    trial = _Trial(settings=tenancy.context, salt=secrets.token_hex(16), watch=_Watch())
    tenants = _tenants(database, here)
    tasks, skipped = _tasks(here)
    with ExitStack() as sessions:
        of = {p: sessions.enter_context(database.session(p, tenancy)) for p in tenancy.principals}
        _plan(database, here, of, tasks)
        quick, slow = ([t for t in tasks if t.sampled is sampled] for sampled in (False, True))
        _run(of, quick, _batches(tenants.ids, BATCH), trial)
        trial.watch.sooner(_SLOW)
        _run(of, slow, _batches(tenants.ids[:SAMPLE], SAMPLE // 12), trial)
    return Sweep(
        total=tenants.total,
        read=len(tenants.ids),
        filtered=tenants.filtered,
        canaries={tenancy.canaries.a, tenancy.canaries.b} <= set(tenants.ids),
        tables=tuple(_held(here, task) for task in tasks),
        skipped=skipped,
    )


def _held(here: World, task: _Task) -> Held:
    return Held(
        principal=task.principal,
        table=here.name(task.table),
        tried=task.tried,
        sampled=task.sampled,
        leak=task.leak,
        sqlstate=task.sqlstate,
    )


def _tenants(database: Database, here: World) -> Tenants:
    root = here.relation_named(here.tenancy.root)
    if root is None:
        raise CouldNotLook(Reason.STALE, f"the tenant root {here.tenancy.root} does not exist")
    us = quoted(database.principal)
    grant = f"GRANT SELECT ({', '.join(map(quoted, here.tenancy.root_key))}) ON {here.sql_name(root)} TO {us}"
    role = here.role_named(database.principal)
    if role is None or not here.rights.on_schema(role.oid, root.schema, "USAGE"):
        grant = f"GRANT USAGE ON SCHEMA {quoted(root.schema)} TO {us}; {grant}"
    with database.acting(database.principal, here.tenancy) as probe:
        where = Place(schema=root.schema, name=root.name, key=here.tenancy.root_key)
        return read_tenants(probe, where, MOST, remedy=grant)


def _tasks(here: World) -> tuple[list[_Task], tuple[str, ...]]:
    tasks, skipped = list[_Task](), list[str]()
    for principal in here.tenancy.principals:
        role = here.role_named(principal)
        for table in here.tenant_tables():
            if role is None or Command.SELECT not in here.commands(role.oid, table):
                continue
            where = place_of(here, table)
            if where.key and here.column_privileges(role.oid, table, "SELECT") >= set(where.key):
                tasks.append(_Task(principal=principal, table=table, place=where))
            else:
                skipped.append(here.name(table))
    return tasks, tuple(dict.fromkeys(skipped))


def _plan(database: Database, here: World, of: dict[str, TenantSession], tasks: list[_Task]) -> None:
    """Marks the tasks in which finding a tenant's rows would read a large table from end to end."""
    large = {row.oid for row in database.rows(load("tenancy_large"), _Large, {})}
    names = {(r.schema, r.name) for r in here.inventory.relations if r.oid in large}
    if not names:
        return
    for principal, session in of.items():
        with session.probe() as probe:
            probe.act_as(Canary.A)
            for task in (t for t in tasks if t.principal == principal):
                plan = plan_blind(probe, task.place, Command.SELECT)
                scanned = {(n.schema, n.relation) for n in plan.nodes if n.kind == "Seq Scan"}
                task.sampled = bool(scanned & names & family(here, task.table))


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
                    found = sweep(probe, task.place, trial.settings, batch, trial.salt)
                    task.leak, task.sqlstate = found.leak, found.sqlstate
                    task.tried += found.tried
                    watch.breathe(started)
