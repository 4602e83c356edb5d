"""Plans of reads and unfiltered writes of tenant tables, without the constants in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from checks.tenancy.probes.effective_predicates import gate_digest
from checks.tenancy.probes.part_reads import proven_commands
from checks.tenancy.probes.planner_conditions import KeyBinding, KnownNames, canary_constants, scan_binding
from checks.tenancy.probes.planner_sql import QueryPlan, explain_unfiltered
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import inheritance_tree, probed_relation, tenant_key_columns
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class TableScan:
    """What one scan of a tenant table is bound to (see ScanBinding); constants of the plan are not stored."""

    table: str
    every_row: bool
    some_rows: bool
    bindings: tuple[KeyBinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPlan:
    """The plan of one statement as one principal.

    `folded` says that the context is a constant in the plan; `digest` is that of the applied policies, as in a waiver.
    `proven` says that the policies are proven, so that a condition which a plan does not show to be the tenant's is.
    """

    principal: str
    table: str
    command: Command
    scans: tuple[TableScan, ...]
    folded: bool
    digest: str
    proven: bool
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPlans:
    """The plans of all unfiltered statements that principals may run; `table_count` is the number of tenant tables."""

    table_count: int
    statements: tuple[StatementPlan, ...]
    unprobed: tuple[UnprobedPrincipal, ...]


_UNFILTERED = (Command.SELECT, Command.UPDATE, Command.DELETE)
# A lock timeout, and a cancelled statement.
_BUSY_SQLSTATES = ("55P03", "57014")


def statement_plans(database: DatabaseClient, component: components.Database) -> StatementPlans:
    """Plans statements as each principal, in the context of canary A. Raises: ObservationError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    tables = access.tenant_tables()
    found, refused = list[StatementPlan](), list[UnprobedPrincipal]()
    proven = proven_commands(access)
    for principal in tenancy.principals:
        role = access.role_named(principal)
        reached = [(t, access.commands(role.oid, t)) for t in tables] if role else []
        with noting_unprobed(principal, refused), database.probe_as(principal, tenancy) as probe:
            for table, commands in reached:
                to_plan = {c: (principal, table.oid, c) in proven for c in _UNFILTERED if c in commands}
                found.extend(_statements(probe, access, principal, table, to_plan))
    return StatementPlans(table_count=len(tables), statements=tuple(found), unprobed=tuple(refused))


def _statements(
    probe: TenantProbe, access: EffectiveAccess, principal: str, table: Relation, commands: Mapping[Command, bool]
) -> Iterator[StatementPlan]:
    names, relations, target = (
        _known_names(access, table),
        inheritance_tree(access, table),
        probed_relation(access, table),
    )
    role = access.role_named(principal)
    writable = sorted(access.columns_with_privilege(role.oid, table, "UPDATE")) if role else []
    names = replace(names, global_values=tuple(access.global_values(table).items()))
    for command, proven in commands.items():
        reads_global_rows = command is Command.SELECT and access.has_global_rows(table)
        column = writable[0] if command is Command.UPDATE else ""
        plan = _plan(probe, Canary.A, target, command, column)
        suspect = canary_constants(_printed(plan), _ids(access, 0))
        other = _plan(probe, Canary.B, target, command, column) if suspect else plan
        yield StatementPlan(
            principal=principal,
            table=access.declared_name(table),
            command=command,
            scans=tuple(_scans(plan, relations, replace(names, passes_global_rows=reads_global_rows), access)),
            folded=_folded(plan, other, access),
            digest=gate_digest(access.policies(table, role.oid, command) if role else (), new_row=False),
            proven=proven,
            sqlstate=plan.sqlstate,
        )
        if plan.sqlstate in _BUSY_SQLSTATES:
            return  # do not queue again behind the lock on this table


def _plan(probe: TenantProbe, canary: Canary, target: ProbedRelation, command: Command, column: str) -> QueryPlan:
    probe.set_context(canary)
    return explain_unfiltered(probe, target, command, column)


def _scans(
    plan: QueryPlan, relations: frozenset[tuple[str, str]], names: KnownNames, access: EffectiveAccess
) -> Iterator[TableScan]:
    for node in plan.nodes:
        if node.is_scan and (node.schema, node.relation) in relations:
            binding = scan_binding(node.conditions, names)
            yield TableScan(
                table=access.tenancy.declared_name(node.schema, node.relation),
                every_row=binding.every_row,
                some_rows=binding.some_rows,
                bindings=binding.bindings,
            )


def _known_names(access: EffectiveAccess, table: Relation) -> KnownNames:
    tenancy = access.tenancy
    settings = frozenset(setting.lower() for setting in tenancy.context_settings)
    approved = {
        allowed.name for allowed in tenancy.approved_objects if allowed.kind == "function" and allowed.returns_tenant
    }
    named = {function.name: _bare(function.name) for function in access.inventory.functions}
    reading = {f.name for f in access.inventory.functions if settings & {word.lower() for word in f.body_keywords}}
    return KnownNames(
        key=tenant_key_columns(access, table),
        settings=settings,
        context_functions=frozenset(bare for name, bare in named.items() if name in reading | approved),
        functions=frozenset(named.values()),
    )


def _bare(name: str) -> str:
    """The bare name of a function without quotes, such as `tenant` for `app.tenant(uuid)`."""
    return name.partition("(")[0].rpartition(".")[2].strip('"')


def _ids(access: EffectiveAccess, canary: int) -> frozenset[str]:
    tenant, context = access.tenancy.canary_contexts[canary]
    return frozenset((*tenant, *context))


def _folded(plan: QueryPlan, other: QueryPlan, access: EffectiveAccess) -> bool:
    """Whether an id of a canary is a constant in the plan that changes with the context."""
    a, b = _ids(access, 0), _ids(access, 1)
    with_a, with_b = (canary_constants(_printed(each), a | b) for each in (plan, other))
    return bool((with_a - with_b) & a and (with_b - with_a) & b)


def _printed(plan: QueryPlan) -> Iterator[str]:
    for node in plan.nodes:
        yield from node.conditions
        if node.parent_relationship in {"InitPlan", "SubPlan"}:
            yield from node.output
