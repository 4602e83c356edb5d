"""Columns of the constraints of tenant tables, and the roles that may write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import without_superusers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TenantKey
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation, RelationKind


class ConstraintWriters:
    """The roles whose writes a constraint of a table checks, directly or through another relation."""

    def __init__(self, access: EffectiveAccess) -> None:
        self._access = access
        self._principals = without_superusers(access.all_reachable_roles(), access)
        self._views: dict[int, list[Relation]] = defaultdict(list)
        for relation in access.inventory.relations:
            if relation.kind is RelationKind.VIEW:
                for used in relation.referenced_relations:
                    self._views[used].append(relation)

    def of(self, relation: Relation, columns: set[str]) -> tuple[ReachableRole, ...]:
        """The reachable roles that may insert or update any of these columns.

        A row of a partition is also written through its parents, a row of an inheriting table is updated through them,
        and an index of a partitioned table is one with those of its partitions. A view without security_invoker writes
        with the rights of its owner.
        """
        ways = tuple(self._written_through(relation))
        return tuple(b for b in self._principals if any(self._writes(b, *way, columns) for way in ways))

    def _written_through(self, relation: Relation) -> Iterator[tuple[Relation, tuple[str, ...]]]:
        every: tuple[str, ...] = ("INSERT", "UPDATE")
        update = ("UPDATE",)
        seen = {relation.oid}
        pending: list[tuple[Relation, tuple[str, ...]]] = [(relation, every)]
        while pending:
            current, commands = pending.pop()
            yield current, commands
            found = [
                (view, commands)
                for view in self._views.get(current.oid, ())
                if not view.security_invoker and not self._access.commands(view.owner, current).isdisjoint(commands)
            ]
            found += [
                (parent, commands if current.partition else update)
                for oid in current.parents
                if (parent := self._access.relation(oid))
            ]
            for other, how in found:
                if other.oid not in seen:
                    seen.add(other.oid)
                    pending.append((other, how))
        parts = self._access.table_classes.descendants(relation)
        yield from ((part, every) for part in parts if part.partition and part.oid not in seen)

    def _writes(self, role: ReachableRole, target: Relation, commands: tuple[str, ...], columns: set[str]) -> bool:
        oid = role.role.oid
        if target.kind is RelationKind.VIEW:
            # The columns of a view may have other names than those of its table.
            return any(command in commands for command in self._access.commands(oid, target))
        return bool(self._access.commands(oid, target)) and any(
            columns & self._access.columns_with_privilege(oid, target, command) for command in commands
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
