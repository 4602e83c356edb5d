"""The tables to sweep as each principal, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from basewatch.postgres import TenantSession
from basewatch.postgres.probe_types import Canary
from checks.tenancy.probes.part_reads import missing_indexes
from checks.tenancy.probes.probe_targets import probed_relation
from checks.tenancy.probes.sweep_sql import KeyColumn, SweptRelation
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Column, Command, Relation

# Types from here on are user-defined, with operators of their own.
_FIRST_USER_OID: Final = 16384


@dataclass(slots=True, kw_only=True)
class SweepTask:
    """One table as one principal: the tenants tried, the first leak, and the SQLSTATE that stopped it.

    `sampled` says that no index answers, and `missing` are the statements that create missing indexes.
    """

    principal: str
    table: Relation
    swept: SweptRelation
    sampled: bool = False
    missing: tuple[str, ...] = ()
    tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None

    @property
    def open(self) -> bool:
        """Whether there is more to try."""
        return self.leak is None and self.sqlstate is None


def sweep_tasks(access: EffectiveAccess) -> tuple[list[SweepTask], tuple[str, ...]]:
    """The tables with a tenant key of their own that each principal may read, and the names of the others."""
    tasks, skipped = list[SweepTask](), list[str]()
    for principal in access.tenancy.principals:
        role = access.role_named(principal)
        for table in access.tenant_tables():
            if role is None or Command.SELECT not in access.commands(role.oid, table):
                continue
            where = probed_relation(access, table)
            if where.key and access.columns_with_privilege(role.oid, table, "SELECT") >= set(where.key):
                columns = tuple(_key_column(column) for key in where.key if (column := table.column(key)) is not None)
                swept = SweptRelation(relation=where, columns=columns)
                tasks.append(SweepTask(principal=principal, table=table, swept=swept))
            else:
                skipped.append(access.declared_name(table))
    return tasks, tuple(dict.fromkeys(skipped))


def mark_sampled(access: EffectiveAccess, sessions: dict[str, TenantSession], tasks: list[SweepTask]) -> None:
    """Marks the tasks in which a tenant would read a large table as a whole, by the plans of canary A."""
    for principal, session in sessions.items():
        with session.probe() as probe:
            probe.set_context(Canary.A)
            for task in (t for t in tasks if t.principal == principal):
                planned = probe.planned(task.swept.relation)
                task.sqlstate, whole = planned.sqlstate, planned.unindexed
                task.sampled = bool(whole)
                task.missing = tuple(missing_indexes(access, whole))


def _key_column(column: Column) -> KeyColumn:
    return KeyColumn(
        name=column.name,
        type=column.type_name,
        nullable=not column.not_null,
        ordered=column.type < _FIRST_USER_OID,
    )
