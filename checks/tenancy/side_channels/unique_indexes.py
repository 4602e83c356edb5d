"""Unique and exclusion indexes of tenant tables: what they refuse tells of rows that no policy shows."""

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

# pg_type: uuid, which nobody guesses; int2, int4 and int8, of which only those that a sequence counts are surrogates.
_UUID: Final = 2950
_INTEGERS: Final = frozenset({20, 21, 23})


def unique_flaws(access: EffectiveAccess, relation: Relation, index: Index) -> Iterator[Flaw]:
    """What is wrong with a unique or exclusion index of a tenant table: values of all tenants exclude each other."""
    mine = tenant_columns(access.tenant_key(relation), relation)
    columns = [column for column in relation.columns if column.number in index.columns]
    if (mine and mine <= set(index.columns)) or any(_unguessable(access, relation, column) for column in columns):
        return
    if columns and len(index.columns) == 1 and _counted(access, relation, columns[0]):
        return
    who = writers(access, relation, {column.name for column in columns} or {c.name for c in relation.columns})
    if who:
        names = column_list(relation, index.columns)
        key = ", ".join(quoted(column.name) for column in relation.columns if column.number in mine)
        yield Flaw(
            severity=Severity.MEDIUM,
            what=f"{names} is unique among all tenants: {role_paths(who)}, refused a duplicate, learns that another "
            "tenant has it",
            repair=f"Replace it by one with the tenant key: UNIQUE ({key}, {names}) on {access.sql_name(relation)}.",
        )


def is_inherited_index(access: EffectiveAccess, relation: Relation, index: Index) -> bool:
    """Whether it is the part of a partition in an index that its parent has."""
    parents = {oid for oid in relation.parents if relation.partition}
    names = column_list(relation, index.columns)
    return any(
        other.relation in parents and (parent := access.relation(other.relation)) and (other.unique or other.exclusion)
        and column_list(parent, other.columns) == names
        for other in access.inventory.indexes
    )  # fmt: skip


def _unguessable(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether it is a uuid, or names a row of a tenant table: nobody hits one of another tenant's by a guess."""
    if column.type == _UUID:
        return True
    for key in access.inventory.foreign_keys:
        if key.relation == relation.oid and column.number in key.columns and (target := access.relation(key.target)):
            counted = [c for c in target.columns if c.number in key.target_columns and c.type in _INTEGERS]
            if access.table_class(target) is TableClass.TENANT and counted and column.type in _INTEGERS:
                return True
    return False


def _counted(access: EffectiveAccess, relation: Relation, column: Column) -> bool:
    """Whether a number says no more than how many there are: a surrogate that a sequence hands out."""
    indexes = (index for index in access.inventory.indexes if index.relation == relation.oid and index.primary)
    surrogate = column.has_default or any(column.number in index.columns for index in indexes)
    return surrogate and (column.type in _INTEGERS or column.has_default)
