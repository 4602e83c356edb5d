"""Where probes look: each relation a principal may read or write, and whose its rows are by the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.postgres.place import Place
from basewatch.tenancy import Derived, Kind, Tenancy
from isolation.inventory.relations import Command, Relation, RelationKind
from isolation.inventory.world import Standing, World

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})
_ASKED = _VIEWS | {RelationKind.TABLE, RelationKind.PARTITIONED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """An object that somebody may vouch for, as `tenancy.allowed` names it."""

    kind: Kind
    name: str
    digest: str

    def vouched(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether somebody vouches for it as it is."""
        return any(a.kind == self.kind and a.name == self.name and a.holds(self.digest, now) for a in tenancy.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One relation that a principal reaches.

    `controlled` says that each canary must see a row of its own there, and `stored` that it is no view and of no
    extension: rows that it shows to nobody are there for all, even if nothing says whose they are.
    """

    relation: Relation
    name: str
    place: Place
    controlled: bool
    stored: bool
    vouchers: tuple[Object, ...]


def readable(world: World, principal: str) -> Iterator[Target]:
    """Every relation but shared and foreign ones that a principal may read."""
    for relation in _reached(world, principal, frozenset({Command.SELECT})):
        if relation.kind in _ASKED:
            yield target(world, principal, relation)


def writable(world: World, principal: str) -> Iterator[Target]:
    """Every table and view with a tenant key that a principal may write."""
    written = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
    for relation in _reached(world, principal, written):
        found = target(world, principal, relation)
        if relation.kind in _ASKED - {RelationKind.MATERIALIZED_VIEW} and found.place.keyed:
            yield found


def foreign(world: World, principal: str) -> tuple[str, ...]:
    """The foreign tables that a principal may read: what is asked of them happens elsewhere, so probes leave them."""
    reached = _reached(world, principal, frozenset({Command.SELECT}))
    return tuple(world.name(relation) for relation in reached if relation.kind is RelationKind.FOREIGN_TABLE)


def _reached(world: World, principal: str, commands: frozenset[Command]) -> Iterator[Relation]:
    role = world.role_named(principal)
    for relation in sorted(world.inventory.relations, key=world.name):
        mine = role is not None and not relation.temporary and not _shared(world, relation)
        if role and mine and commands & world.commands(role.oid, relation):
            yield relation


def _shared(world: World, relation: Relation) -> bool:
    if world.standing(relation) is Standing.SHARED:
        return True
    return world.standing(relation) is Standing.ROOT and world.name(relation) in world.tenancy.shared


def target(world: World, principal: str, relation: Relation) -> Target:
    """One relation as a principal's probes see it."""
    role = world.role_named(principal)
    kept = world.standing(relation) is Standing.TENANT and relation.is_table and not relation.parents
    return Target(
        relation=relation,
        name=world.name(relation),
        place=place_of(world, relation),
        controlled=kept and role is not None and _tells(world, role.oid, relation, frozenset()),
        stored=relation.kind is not RelationKind.VIEW and not relation.extension,
        vouchers=tuple(_vouchers(world, relation)),
    )


def _tells(world: World, role_oid: int, relation: Relation, seen: frozenset[int]) -> bool:
    """Whether a role may read whose the rows are: the key's columns, or what leads to the parent's."""
    key = world.key(relation)
    if isinstance(key, Derived):
        parent = world.relation_named(key.parent)
        above = parent is not None and parent.oid not in seen and _tells(world, role_oid, parent, seen | {relation.oid})
        return above and world.column_privileges(role_oid, relation, "SELECT") >= set(key.on)
    names = {column.name for column in key or ()}
    return bool(names) and world.column_privileges(role_oid, relation, "SELECT") >= names


def place_of(world: World, relation: Relation) -> Place:
    """A relation with what says whose its rows are: its key, or its parent's; neither when it has no tenant."""
    return _place(world, relation, frozenset())


def _place(world: World, relation: Relation, seen: frozenset[int]) -> Place:
    key, schema, name = world.key(relation), relation.schema, relation.name
    if isinstance(key, Derived):
        parent = world.relation_named(key.parent)
        if parent is None or parent.oid in seen:
            return Place(schema=schema, name=name)
        above = _place(world, parent, seen | {relation.oid})
        return Place(schema=schema, name=name, parent=above if above.keyed else None, on=tuple(key.on.items()))
    columns = tuple(column.name for column in key or ())
    return Place(schema=schema, name=name, key=columns, loose=relation.kind in _VIEWS)


def _vouchers(world: World, relation: Relation) -> Iterator[Object]:
    if relation.kind in _VIEWS:
        yield Object(kind="view", name=world.name(relation), digest=relation.digest)
    for extension in world.inventory.extensions:
        if extension.name == relation.extension:
            yield Object(kind="extension", name=extension.name, digest=extension.digest)
