"""Columns of the constraints of tenant tables, and the roles that may write them."""

from __future__ import annotations

from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import without_superusers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TenantKey
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation


def writers(access: EffectiveAccess, relation: Relation, columns: set[str]) -> tuple[ReachableRole, ...]:
    """The reachable roles that may insert or update any of these columns."""
    principals = without_superusers(access.all_reachable_roles(), access)
    return tuple(
        b
        for b in principals
        if access.commands(b.role.oid, relation)
        and any(
            columns & access.columns_with_privilege(b.role.oid, relation, command) for command in ("INSERT", "UPDATE")
        )
    )


def column_list(relation: Relation, numbers: tuple[int, ...]) -> str:
    """The columns with these numbers, quoted for SQL."""
    names = {column.number: quoted(column.name) for column in relation.columns}
    return ", ".join(names.get(number, "an expression") for number in numbers)


def partition_root(access: EffectiveAccess, relation: Relation) -> Relation:
    """The topmost parent of a partition, or the relation itself."""
    while relation.partition and relation.parents and (parent := access.relation(relation.parents[0])):
        relation = parent
    return relation


def tenant_columns(key: TenantKey, relation: Relation) -> set[int]:
    """The numbers of the columns that identify the tenant: the tenant key, or the reference to the parent."""
    if isinstance(key, DerivedKey):
        return {column.number for name in key.on if (column := relation.column(name))}
    return {column.number for column in key or ()}
