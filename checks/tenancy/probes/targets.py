"""What a policy must ask of a tenant table, and which relations a plan may read in its place."""

from __future__ import annotations

from basewatch.tenancy import DerivedKey
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.relations import Relation


def tenant_key_columns(access: EffectiveAccess, relation: Relation) -> tuple[str, ...]:
    """The columns by which a policy must tell whose a row is.

    Of the table of members it is the member, where the context names a user; of a derived table what leads to the
    parent.
    """
    members = access.tenancy.members
    if members is not None and access.table_class(relation) is TableClass.MEMBERS:
        return (members.member,)
    key = access.tenant_key(relation)
    if isinstance(key, DerivedKey):
        return tuple(key.on)
    return tuple(column.name for column in key or ())


def inheritance_tree(access: EffectiveAccess, relation: Relation) -> frozenset[tuple[str, str]]:
    """Schema and name of a relation and of all its partitions and children."""
    return frozenset(
        (other.schema, other.name)
        for other in access.inventory.relations
        if relation.oid in {ancestor.oid for ancestor in access.table_classes.lineage(other)}
    )
