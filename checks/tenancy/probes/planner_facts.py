"""What the planner does with every read and blind write of a tenant table, told without any constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from checks.tenancy.probes.effective_predicates import gate_digest
from checks.tenancy.probes.planner_conditions import KeyBinding, KnownNames, canary_constants, scan_binding
from checks.tenancy.probes.planner_sql import QueryPlan, explain_unfiltered
from checks.tenancy.probes.probe_targets import probed_relation
from checks.tenancy.probes.targets import inheritance_tree, tenant_key_columns
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class TableScan:
    """What one scan of a tenant table is held to: see Bound. No constant of the plan is kept."""

    table: str
    every_row: bool
    some_rows: bool
    bindings: tuple[KeyBinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPlan:
    """One statement as one principal; `folded` says that the context had become a constant of its plan.

    `digest` is of the policies that are asked, as a waiver repeats it.
    """

    principal: str
    table: str
    command: Command
    scans: tuple[TableScan, ...]
    folded: bool
    digest: str
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPlans:
    """Every blind statement that a principal may run on a tenant table, as it would be executed.

    `table_count` is how many tenant tables there are, whoever reaches them.
    """

    table_count: int
    statements: tuple[StatementPlan, ...]


_BLIND = (Command.SELECT, Command.UPDATE, Command.DELETE)
BUSY_SQLSTATES = ("55P03", "57014")
"""The SQLSTATEs of a lock that was not to be had, or of a statement that took too long."""


def statement_plans(database: DatabaseClient, component: components.Database) -> StatementPlans:
    """Asks the planner as each principal, in the context of canary A. Raises: ObservationError, NotFoundError."""
    tenancy = component.tenancy
    here = effective_access(inventory(database, component), tenancy)
    tables = here.tenant_tables()
    found = list[StatementPlan]()
    for principal in tenancy.principals:
        role = here.role_named(principal)
        reached = [(t, here.commands(role.oid, t)) for t in tables] if role else []
        with database.probe_as(principal, tenancy) as probe:
            for table, commands in reached:
                asked = [command for command in _BLIND if command in commands]
                found.extend(_statements(probe, here, principal, table, asked))
    return StatementPlans(table_count=len(tables), statements=tuple(found))


def _statements(
    probe: TenantProbe, access: EffectiveAccess, principal: str, table: Relation, commands: Iterable[Command]
) -> Iterator[StatementPlan]:
    words, relations, target = _words(access, table), inheritance_tree(access, table), probed_relation(access, table)
    role = access.role_named(principal)
    writable = sorted(access.columns_with_privilege(role.oid, table, "UPDATE")) if role else []
    for command in commands:
        column = writable[0] if command is Command.UPDATE else ""
        plan = _plan(probe, Canary.A, target, command, column)
        suspect = canary_constants(_printed(plan), _ids(access, 0))
        other = _plan(probe, Canary.B, target, command, column) if suspect else plan
        yield StatementPlan(
            principal=principal,
            table=access.declared_name(table),
            command=command,
            scans=tuple(_scans(plan, relations, words, access)),
            folded=_folded(plan, other, access),
            digest=gate_digest(access.policies(table, role.oid, command) if role else (), new_row=False),
            sqlstate=plan.sqlstate,
        )
        if plan.sqlstate in BUSY_SQLSTATES:
            return  # who holds its lock is not made to wait for us again


def _plan(probe: TenantProbe, canary: Canary, target: ProbedRelation, command: Command, column: str) -> QueryPlan:
    probe.set_context(canary)
    return explain_unfiltered(probe, target, command, column)


def _scans(
    plan: QueryPlan, relations: frozenset[tuple[str, str]], words: KnownNames, access: EffectiveAccess
) -> Iterator[TableScan]:
    for node in plan.nodes:
        if node.is_scan and (node.schema, node.relation) in relations:
            held = scan_binding(node.conditions, words)
            yield TableScan(
                table=access.tenancy.declared_name(node.schema, node.relation),
                every_row=held.every_row,
                some_rows=held.some_rows,
                bindings=held.bindings,
            )


def _words(access: EffectiveAccess, table: Relation) -> KnownNames:
    tenancy = access.tenancy
    settings = frozenset(setting.lower() for setting in tenancy.context)
    vouched = {allowed.name for allowed in tenancy.allowed if allowed.kind == "function" and allowed.context}
    named = {function.name: _bare(function.name) for function in access.inventory.functions}
    reading = {f.name for f in access.inventory.functions if settings & {word.lower() for word in f.body_keywords}}
    return KnownNames(
        key=tenant_key_columns(access, table),
        settings=settings,
        context_functions=frozenset(bare for name, bare in named.items() if name in reading | vouched),
        functions=frozenset(named.values()),
    )


def _bare(name: str) -> str:
    """`tenant` of `app.tenant(uuid)`; quotes are taken off, as they are off a token."""
    return name.partition("(")[0].rpartition(".")[2].strip('"')


def _ids(access: EffectiveAccess, canary: int) -> frozenset[str]:
    tenant, context = access.tenancy.canary_contexts[canary]
    return frozenset((*tenant, *context))


def _folded(plan: QueryPlan, other: QueryPlan, access: EffectiveAccess) -> bool:
    """Whether a canary's id is a constant of the plan because of the context: it changes with it."""
    a, b = _ids(access, 0), _ids(access, 1)
    with_a, with_b = (canary_constants(_printed(each), a | b) for each in (plan, other))
    return bool((with_a - with_b) & a and (with_b - with_a) & b)


def _printed(plan: QueryPlan) -> Iterator[str]:
    for node in plan.nodes:
        yield from node.conditions
        if node.parent_relationship in {"InitPlan", "SubPlan"}:
            yield from node.output
