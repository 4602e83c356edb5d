"""Where probes look: each relation a principal may read or write, and whose its rows are by the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.postgres.probe_types import ProbedRelation
from basewatch.tenancy import DerivedKey, ObjectKind, Tenancy
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.relations import Command, Relation, RelationKind

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})
_ASKED = _VIEWS | {RelationKind.TABLE, RelationKind.PARTITIONED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvable:
    """An object that somebody may vouch for, as `tenancy.allowed` names it."""

    kind: ObjectKind
    name: str
    digest: str

    def approved(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether somebody vouches for it as it is."""
        return any(
            a.kind == self.kind and a.name == self.name and a.is_valid_for(self.digest, now) for a in tenancy.allowed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTarget:
    """One relation that a principal reaches.

    `has_control` says that each canary must see a row of its own there, and `stored` that it is no view and of no
    extension: rows that it shows to nobody are there for all, even if nothing says whose they are.
    """

    relation: Relation
    name: str
    probed: ProbedRelation
    has_control: bool
    stored: bool
    approvables: tuple[Approvable, ...]


def readable_targets(access: EffectiveAccess, principal: str) -> Iterator[ProbeTarget]:
    """Every relation but shared and foreign ones that a principal may read."""
    for relation in _reached(access, principal, frozenset({Command.SELECT})):
        if relation.kind in _ASKED:
            yield probe_target(access, principal, relation)


def writable_targets(access: EffectiveAccess, principal: str) -> Iterator[ProbeTarget]:
    """Every table and view with a tenant key that a principal may write."""
    written = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
    for relation in _reached(access, principal, written):
        found = probe_target(access, principal, relation)
        if relation.kind in _ASKED - {RelationKind.MATERIALIZED_VIEW} and found.probed.keyed:
            yield found


def foreign_tables(access: EffectiveAccess, principal: str) -> tuple[str, ...]:
    """The foreign tables that a principal may read: what is asked of them happens elsewhere, so probes leave them."""
    reached = _reached(access, principal, frozenset({Command.SELECT}))
    return tuple(access.declared_name(relation) for relation in reached if relation.kind is RelationKind.FOREIGN_TABLE)


def _reached(access: EffectiveAccess, principal: str, commands: frozenset[Command]) -> Iterator[Relation]:
    role = access.role_named(principal)
    for relation in sorted(access.inventory.relations, key=access.declared_name):
        mine = role is not None and not relation.temporary and not _shared(access, relation)
        if role and mine and commands & access.commands(role.oid, relation):
            yield relation


def _shared(access: EffectiveAccess, relation: Relation) -> bool:
    if access.table_class(relation) is TableClass.SHARED:
        return True
    return access.table_class(relation) is TableClass.ROOT and access.declared_name(relation) in access.tenancy.shared


def probe_target(access: EffectiveAccess, principal: str, relation: Relation) -> ProbeTarget:
    """One relation as a principal's probes see it."""
    role = access.role_named(principal)
    kept = access.table_class(relation) is TableClass.TENANT and relation.is_table and not relation.parents
    return ProbeTarget(
        relation=relation,
        name=access.declared_name(relation),
        probed=probed_relation(access, relation),
        has_control=kept and role is not None and _tells(access, role.oid, relation, frozenset()),
        stored=relation.kind is not RelationKind.VIEW and not relation.extension,
        approvables=tuple(_vouchers(access, relation)),
    )


def _tells(access: EffectiveAccess, role_oid: int, relation: Relation, seen: frozenset[int]) -> bool:
    """Whether a role may read whose the rows are: the key's columns, or what leads to the parent's."""
    key = access.tenant_key(relation)
    if isinstance(key, DerivedKey):
        parent = access.relation_named(key.parent)
        above = (
            parent is not None and parent.oid not in seen and _tells(access, role_oid, parent, seen | {relation.oid})
        )
        return above and access.columns_with_privilege(role_oid, relation, "SELECT") >= set(key.on)
    names = {column.name for column in key or ()}
    return bool(names) and access.columns_with_privilege(role_oid, relation, "SELECT") >= names


def probed_relation(access: EffectiveAccess, relation: Relation) -> ProbedRelation:
    """A relation with what says whose its rows are: its key, or its parent's; neither when it has no tenant."""
    return _place(access, relation, frozenset())


def _place(access: EffectiveAccess, relation: Relation, seen: frozenset[int]) -> ProbedRelation:
    key, schema, name = access.tenant_key(relation), relation.schema, relation.name
    if isinstance(key, DerivedKey):
        parent = access.relation_named(key.parent)
        if parent is None or parent.oid in seen:
            return ProbedRelation(schema=schema, name=name)
        above = _place(access, parent, seen | {relation.oid})
        return ProbedRelation(schema=schema, name=name, parent=above if above.keyed else None, on=tuple(key.on.items()))
    columns = tuple(column.name for column in key or ())
    return ProbedRelation(schema=schema, name=name, key=columns, allows_null_key=relation.kind in _VIEWS)


def _vouchers(access: EffectiveAccess, relation: Relation) -> Iterator[Approvable]:
    if relation.kind in _VIEWS:
        yield Approvable(kind="view", name=access.declared_name(relation), digest=relation.digest)
    for extension in access.inventory.extensions:
        if extension.name == relation.extension:
            yield Approvable(kind="extension", name=extension.name, digest=extension.digest)
