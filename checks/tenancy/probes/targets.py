"""What the probes try, from what the catalogues say: each tenant table and which rows of it are a tenant's."""

from __future__ import annotations

from basewatch.postgres.place import Place
from basewatch.tenancy import Derived
from checks.tenancy.inventory.relations import Relation
from checks.tenancy.inventory.world import Standing, World


def key_names(world: World, relation: Relation) -> tuple[str, ...]:
    """The columns by which a policy must tell whose a row is.

    Of the table of members it is the member, where the context names a user; of a derived table what leads to the
    parent.
    """
    members = world.tenancy.members
    if members is not None and world.standing(relation) is Standing.MEMBERS:
        return (members.member,)
    key = world.key(relation)
    if isinstance(key, Derived):
        return tuple(key.on)
    return tuple(column.name for column in key or ())


def place(world: World, relation: Relation) -> Place:
    """A relation as the probes name it, with its key when that is in its own columns."""
    key = world.key(relation)
    return Place(
        schema=relation.schema,
        name=relation.name,
        key=() if key is None or isinstance(key, Derived) else tuple(column.name for column in key),
    )


def family(world: World, relation: Relation) -> frozenset[tuple[str, str]]:
    """Schema and name of a relation and of all its partitions and children."""
    return frozenset(
        (other.schema, other.name)
        for other in world.inventory.relations
        if relation.oid in {ancestor.oid for ancestor in world.standings.lineage(other)}
    )
