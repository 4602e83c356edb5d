"""Targets of probes: relations that a principal may read or write, with their tenant key by the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from basewatch.postgres.probe_types import ProbedRelation
from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import Approvable
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.relations import Command, Relation, RelationKind

BEFORE_ANY_EXPIRY = datetime.min.replace(tzinfo=UTC)
"""The time at which observations evaluate approvals, so that only judges decide whether one has expired."""
_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})
_ASKED = _VIEWS | {RelationKind.TABLE, RelationKind.PARTITIONED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTarget:
    """One relation that a principal reaches.

    `reads_key` says that the principal may read the tenant key, and `has_control` that each canary must see a row of
    its own in it. `stored` says that it is not a view and not
    part of an extension: every row in it is conclusive, even without a tenant key.
    """

    relation: Relation
    name: str
    probed: ProbedRelation
    reads_key: bool
    has_control: bool
    stored: bool
    approvables: tuple[Approvable, ...]


def readable_targets(access: EffectiveAccess, principal: str) -> Iterator[ProbeTarget]:
    """The relations that a principal may read, except shared and foreign ones."""
    for relation in _reached(access, principal, frozenset({Command.SELECT})):
        if relation.kind in _ASKED:
            yield probe_target(access, principal, relation)


def writable_targets(access: EffectiveAccess, principal: str) -> Iterator[ProbeTarget]:
    """The tables and views with a tenant key that a principal may write."""
    written = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
    for relation in _reached(access, principal, written):
        found = probe_target(access, principal, relation)
        if relation.kind in _ASKED - {RelationKind.MATERIALIZED_VIEW} and found.probed.keyed:
            yield found


def foreign_tables(access: EffectiveAccess, principal: str) -> tuple[str, ...]:
    """The foreign tables that a principal may read; probes skip them, as a query would run on another server."""
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
    """One relation as a target of the probes of a principal."""
    role = access.role_named(principal)
    is_top_table = access.table_class(relation) is TableClass.TENANT and relation.is_table and not relation.parents
    reads_key = role is not None and _may_read_key(access, role.oid, relation, frozenset())
    probed = probed_relation(access, relation)
    if role and not {name for name, _ in probed.global_values} <= access.columns_with_privilege(
        role.oid, relation, "SELECT"
    ):
        probed = replace(probed, has_global_rows=False)  # a condition on them would be refused, as if by a policy
    return ProbeTarget(
        relation=relation,
        name=access.declared_name(relation),
        probed=probed,
        reads_key=reads_key,
        has_control=is_top_table and reads_key,
        stored=relation.kind is not RelationKind.VIEW and not relation.extension,
        approvables=tuple(_approvables(access, relation)),
    )


def _may_read_key(access: EffectiveAccess, role_oid: int, relation: Relation, seen: frozenset[int]) -> bool:
    """Whether a role may read the columns of the tenant key, or those that lead to the key of the parent."""
    key = access.tenant_key(relation)
    if isinstance(key, DerivedKey):
        parent = access.relation_named(key.parent)
        above = (
            parent is not None
            and parent.oid not in seen
            and _may_read_key(access, role_oid, parent, seen | {relation.oid})
        )
        return above and access.columns_with_privilege(role_oid, relation, "SELECT") >= set(key.on)
    names = {column.name for column in key or ()}
    return bool(names) and access.columns_with_privilege(role_oid, relation, "SELECT") >= names


def probed_relation(access: EffectiveAccess, relation: Relation) -> ProbedRelation:
    """A relation with its tenant key or that of its parent; with neither if it has no tenant."""
    return _probed_relation(access, relation, frozenset())


def _probed_relation(access: EffectiveAccess, relation: Relation, seen: frozenset[int]) -> ProbedRelation:
    key, schema, name = access.tenant_key(relation), relation.schema, relation.name
    if isinstance(key, DerivedKey):
        parent = access.relation_named(key.parent)
        if parent is None or parent.oid in seen:
            return ProbedRelation(schema=schema, name=name)
        above = _probed_relation(access, parent, seen | {relation.oid})
        return ProbedRelation(
            schema=schema,
            name=name,
            parent=above if above.keyed else None,
            on=tuple(key.on.items()),
            has_global_rows=above.keyed and access.has_global_rows(relation),
        )
    columns = tuple(column.name for column in key or ())
    return ProbedRelation(
        schema=schema,
        name=name,
        key=columns,
        allows_null_key=relation.kind in _VIEWS,
        has_global_rows=bool(columns) and access.has_global_rows(relation),
        global_values=tuple(access.global_values(relation).items()),
        own=access.is_own(relation),
    )


def _approvables(access: EffectiveAccess, relation: Relation) -> Iterator[Approvable]:
    if relation.kind in _VIEWS:
        yield Approvable(kind="view", name=access.declared_name(relation), digest=relation.digest)
    for extension in access.inventory.extensions:
        if extension.name == relation.extension:
            yield Approvable(kind="extension", name=extension.name, digest=extension.digest)


def tenant_key_columns(access: EffectiveAccess, relation: Relation) -> tuple[str, ...]:
    """The columns that a policy must compare.

    For the members table, where the context names a user, it is the member column; for a derived table, the columns
    that reference the parent.
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
    return frozenset((each.schema, each.name) for each in (relation, *access.table_classes.descendants(relation)))
