"""Unique and exclusion indexes of tenant tables: a rejected duplicate reveals a row that policies hide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw, role_paths
from checks.tenancy.side_channels.constraint_columns import ConstraintWriters, column_list, tenant_columns
from checks.tenancy.side_channels.tenant_constraints import unique_repair
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Column, Index, Relation

# pg_type OIDs: uuid, which cannot be guessed; int2, int4 and int8, which are surrogate keys if a sequence fills them.
_UUID: Final = 2950
_INTEGERS: Final = frozenset({20, 21, 23})


def unique_flaws(
    access: EffectiveAccess, writers: ConstraintWriters, relation: Relation, index: Index
) -> Iterator[Flaw]:
    """The flaw of a unique or exclusion index without the tenant key: it applies across all tenants."""
    mine = tenant_columns(access.tenant_key(relation), relation)
    columns = [column for column in relation.columns if column.number in index.columns]
    if mine and mine <= set(index.equality_columns):
        return
    equal = [column for column in columns if column.number in index.equality_columns]
    if any(_unguessable(access, relation, column) for column in equal):
        return
    if columns and len(index.columns) == 1 and _is_surrogate(access, relation, columns[0]):
        return
    roles = writers.of(relation, {column.name for column in columns} or {c.name for c in relation.columns})
    if roles:
        names = column_list(relation, index.columns)
        yield Flaw(
            severity=Severity.MEDIUM,
            what=f"{names} is unique across all tenants: a rejected duplicate shows {role_paths(roles)} that another "
            "tenant has the value",
            repair=unique_repair(access, relation, index, [c for c in relation.columns if c.number in mine]),
        )


def inherited_indexes(access: EffectiveAccess) -> frozenset[int]:
    """The OIDs of the indexes of partitions that belong to an index of a parent, for which they are reported."""
    by_columns = {
        (index.relation, column_list(relation, index.columns))
        for index in access.inventory.indexes
        if (index.unique or index.exclusion) and (relation := access.relation(index.relation))
    }
    return frozenset(
        index.oid
        for index in access.inventory.indexes
        if (relation := access.relation(index.relation)) and relation.partition
        and any((parent, column_list(relation, index.columns)) in by_columns for parent in relation.parents)
    )  # fmt: skip


def _unguessable(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether values of a column cannot be guessed: a uuid, or a reference to a row of a tenant table."""
    if column.type == _UUID:
        return True
    for key in access.foreign_keys_of(relation):
        if column.number in key.columns and (target := access.relation(key.target)):
            counted = [c for c in target.columns if c.number in key.target_columns and c.type in _INTEGERS]
            if access.table_class(target) is TableClass.TENANT and counted and column.type in _INTEGERS:
                return True
    return False


def _is_surrogate(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether a column is a surrogate key from a sequence, which reveals no more than the number of rows."""
    indexes = (index for index in access.indexes_of(relation) if index.primary)
    surrogate = column.has_default or any(column.number in index.columns for index in indexes)
    return surrogate and (column.type in _INTEGERS or column.has_default)
