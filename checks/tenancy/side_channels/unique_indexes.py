"""Unique and exclusion indexes of tenant tables: a rejected duplicate reveals a row that policies hide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw, role_paths
from checks.tenancy.side_channels.constraint_columns import column_list, tenant_columns, writers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, Index, Relation

# pg_type OIDs: uuid, which cannot be guessed; int2, int4 and int8, which are surrogate keys if a sequence fills them.
_UUID: Final = 2950
_INTEGERS: Final = frozenset({20, 21, 23})


def unique_flaws(access: EffectiveAccess, relation: Relation, index: Index) -> Iterator[Flaw]:
    """The flaw of a unique or exclusion index without the tenant key: it applies across all tenants."""
    mine = tenant_columns(access.tenant_key(relation), relation)
    columns = [column for column in relation.columns if column.number in index.columns]
    if (mine and mine <= set(index.columns)) or any(_unguessable(access, relation, column) for column in columns):
        return
    if columns and len(index.columns) == 1 and _is_surrogate(access, relation, columns[0]):
        return
    roles = writers(access, relation, {column.name for column in columns} or {c.name for c in relation.columns})
    if roles:
        names = column_list(relation, index.columns)
        key = ", ".join(quoted(column.name) for column in relation.columns if column.number in mine)
        yield Flaw(
            severity=Severity.MEDIUM,
            what=f"{names} is unique across all tenants: a rejected duplicate shows {role_paths(roles)} that another "
            "tenant has the value",
            repair=f"Add the tenant key to it: UNIQUE ({key}, {names}) on {access.sql_name(relation)}.",
        )


def is_inherited_index(access: EffectiveAccess, relation: Relation, index: Index) -> bool:
    """Whether an index of a partition belongs to an index of its parent."""
    parents = {oid for oid in relation.parents if relation.partition}
    names = column_list(relation, index.columns)
    return any(
        other.relation in parents and (parent := access.relation(other.relation)) and (other.unique or other.exclusion)
        and column_list(parent, other.columns) == names
        for other in access.inventory.indexes
    )  # fmt: skip


def _unguessable(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether values of a column cannot be guessed: a uuid, or a reference to a row of a tenant table."""
    if column.type == _UUID:
        return True
    for key in access.inventory.foreign_keys:
        if key.relation == relation.oid and column.number in key.columns and (target := access.relation(key.target)):
            counted = [c for c in target.columns if c.number in key.target_columns and c.type in _INTEGERS]
            if access.table_class(target) is TableClass.TENANT and counted and column.type in _INTEGERS:
                return True
    return False


def _is_surrogate(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether a column is a surrogate key from a sequence, which reveals no more than the number of rows."""
    indexes = (index for index in access.inventory.indexes if index.relation == relation.oid and index.primary)
    surrogate = column.has_default or any(column.number in index.columns for index in indexes)
    return surrogate and (column.type in _INTEGERS or column.has_default)
