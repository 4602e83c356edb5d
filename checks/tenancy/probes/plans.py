"""What the planner does with every read and blind write of a tenant table, told without any constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from basewatch import components
from basewatch.postgres import Database
from basewatch.postgres.place import Canary, Place
from basewatch.postgres.probe import TenantProbe
from checks.tenancy.probes.conditions import Tie, Words, bound, constants
from checks.tenancy.probes.effective import gate_digest
from checks.tenancy.probes.places import place_of
from checks.tenancy.probes.planner_sql import Plan, plan_blind
from checks.tenancy.probes.targets import family, key_names
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Command, Relation
from isolation.inventory.world import World, world


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan of a tenant table is held to: see Bound. No constant of the plan is kept."""

    table: str
    every_row: bool
    some_rows: bool
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One statement as one principal; `folded` says that the context had become a constant of its plan.

    `digest` is of the policies that are asked, as a waiver repeats it.
    """

    principal: str
    table: str
    command: Command
    scans: tuple[Scan, ...]
    folded: bool
    digest: str
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Every blind statement that a principal may run on a tenant table, as it would be executed.

    `tables` is how many tenant tables there are, whoever reaches them.
    """

    tables: int
    statements: tuple[Planned, ...]


_BLIND = (Command.SELECT, Command.UPDATE, Command.DELETE)
BUSY = ("55P03", "57014")
"""The SQLSTATEs of a lock that was not to be had, or of a statement that took too long."""


def plans(database: Database, component: components.Database) -> Plans:
    """Asks the planner as each principal, in the context of canary A. Raises: CouldNotLook, Absent."""
    tenancy = component.tenancy
    here = world(inventory(database, component), tenancy)
    tables = here.tenant_tables()
    found = list[Planned]()
    for principal in tenancy.principals:
        role = here.role_named(principal)
        reached = [(t, here.commands(role.oid, t)) for t in tables] if role else []
        with database.acting(principal, tenancy) as probe:
            for table, commands in reached:
                asked = [command for command in _BLIND if command in commands]
                found.extend(_statements(probe, here, principal, table, asked))
    return Plans(tables=len(tables), statements=tuple(found))


def _statements(
    probe: TenantProbe, here: World, principal: str, table: Relation, commands: Iterable[Command]
) -> Iterator[Planned]:
    words, relations, target = _words(here, table), family(here, table), place_of(here, table)
    role = here.role_named(principal)
    writable = sorted(here.column_privileges(role.oid, table, "UPDATE")) if role else []
    for command in commands:
        column = writable[0] if command is Command.UPDATE else ""
        plan = _plan(probe, Canary.A, target, command, column)
        suspect = constants(_printed(plan), _ids(here, 0))
        other = _plan(probe, Canary.B, target, command, column) if suspect else plan
        yield Planned(
            principal=principal,
            table=here.name(table),
            command=command,
            scans=tuple(_scans(plan, relations, words, here)),
            folded=_folded(plan, other, here),
            digest=gate_digest(here.policies(table, role.oid, command) if role else (), new_row=False),
            sqlstate=plan.sqlstate,
        )
        if plan.sqlstate in BUSY:
            return  # who holds its lock is not made to wait for us again


def _plan(probe: TenantProbe, canary: Canary, target: Place, command: Command, column: str) -> Plan:
    probe.act_as(canary)
    return plan_blind(probe, target, command, column)


def _scans(plan: Plan, relations: frozenset[tuple[str, str]], words: Words, here: World) -> Iterator[Scan]:
    for node in plan.nodes:
        if node.scans and (node.schema, node.relation) in relations:
            held = bound(node.conditions, words)
            yield Scan(
                table=here.tenancy.declared_name(node.schema, node.relation),
                every_row=held.every_row,
                some_rows=held.some_rows,
                ties=held.ties,
            )


def _words(here: World, table: Relation) -> Words:
    tenancy = here.tenancy
    settings = frozenset(setting.lower() for setting in tenancy.context)
    vouched = {allowed.name for allowed in tenancy.allowed if allowed.kind == "function" and allowed.context}
    named = {function.name: _bare(function.name) for function in here.inventory.functions}
    reading = {f.name for f in here.inventory.functions if settings & {word.lower() for word in f.mentions}}
    return Words(
        key=key_names(here, table),
        settings=settings,
        helpers=frozenset(bare for name, bare in named.items() if name in reading | vouched),
        functions=frozenset(named.values()),
    )


def _bare(name: str) -> str:
    """`tenant` of `app.tenant(uuid)`; quotes are taken off, as they are off a token."""
    return name.partition("(")[0].rpartition(".")[2].strip('"')


def _ids(here: World, canary: int) -> frozenset[str]:
    tenant, context = here.tenancy.contexts[canary]
    return frozenset((*tenant, *context))


def _folded(plan: Plan, other: Plan, here: World) -> bool:
    """Whether a canary's id is a constant of the plan because of the context: it changes with it."""
    a, b = _ids(here, 0), _ids(here, 1)
    with_a, with_b = (constants(_printed(each), a | b) for each in (plan, other))
    return bool((with_a - with_b) & a and (with_b - with_a) & b)


def _printed(plan: Plan) -> Iterator[str]:
    for node in plan.nodes:
        yield from node.conditions
        if node.within in {"InitPlan", "SubPlan"}:
            yield from node.output
