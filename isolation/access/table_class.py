"""The class and the tenant key of each relation, by the manifest and by its columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

from basewatch.tenancy import DerivedKey, Tenancy
from isolation.inventory import Inventory
from isolation.inventory.relations import Column, Relation, RelationKind

TenantKey = tuple[Column, ...] | DerivedKey | None


class TableClass(StrEnum):
    """The class of a relation with respect to the tenants."""

    TENANT = "tenant table"
    ROOT = "tenant root"
    MEMBERS = "table of members"
    SHARED = "shared"
    VIEW = "view"
    MATERIALIZED = "materialized view"
    FOREIGN = "foreign table"
    SEQUENCE = "sequence"
    OTHER = "other"


_BY_KIND = {
    RelationKind.VIEW: TableClass.VIEW,
    RelationKind.MATERIALIZED_VIEW: TableClass.MATERIALIZED,
    RelationKind.FOREIGN_TABLE: TableClass.FOREIGN,
    RelationKind.SEQUENCE: TableClass.SEQUENCE,
}


class TableClasses:
    """The class, the declared name and the tenant key of every relation."""

    def __init__(self, inventory: Inventory, tenancy: Tenancy) -> None:
        self._tenancy = tenancy
        self._relations = {relation.oid: relation for relation in inventory.relations}
        self._children: dict[int, list[Relation]] = defaultdict(list)
        for relation in inventory.relations:
            for parent in relation.parents:
                self._children[parent].append(relation)
        # The first declared schema is last, so that a name with a dot never replaces an unqualified name.
        first = tenancy.schemas[0]
        ordered = sorted(inventory.relations, key=lambda relation: relation.schema == first)
        self._named = {self.declared_name(relation): relation for relation in ordered}
        self._keys: dict[int, TenantKey] = {}

    def declared_name(self, relation: Relation) -> str:
        """The name of a relation in the configuration."""
        return self._tenancy.declared_name(relation.schema, relation.name)

    def relation_named(self, declared: str) -> Relation | None:
        """The relation with this name in the configuration; the first schema is optional in the name."""
        first, _, rest = declared.partition(".")
        found = self._named.get(declared)
        return found or (self._named.get(rest) if first == self._tenancy.schemas[0] else None)

    def tenant_key(self, relation: Relation) -> TenantKey:
        """The columns of the tenant key in the order of the manifest, its derivation, or None without a key."""
        if relation.oid not in self._keys:
            self._keys[relation.oid] = None  # prevents endless recursion if the inventory contains a circle
            self._keys[relation.oid] = self._key(relation)
        return self._keys[relation.oid]

    def table_class(self, relation: Relation) -> TableClass:
        """The class of a relation; partitions and inheriting tables have that of their parent."""
        for ancestor in self.lineage(relation):
            name = self.declared_name(ancestor)
            if name == self._tenancy.root:
                return TableClass.ROOT
            if self._tenancy.members is not None and name == self._tenancy.members.table:
                return TableClass.MEMBERS
        key = self.tenant_key(relation)
        everybodys = (*self._tenancy.shared, *self._tenancy.platform_tables)
        if key is None and any(self.declared_name(one) in everybodys for one in self.lineage(relation)):
            return TableClass.SHARED
        if relation.kind in _BY_KIND:
            return _BY_KIND[relation.kind]
        return TableClass.OTHER if key is None else TableClass.TENANT

    def is_own(self, relation: Relation) -> bool:
        """Whether the rows of a table belong to the user whom the context names, by the manifest."""
        own = self._tenancy.members.own if self._tenancy.members else {}
        return any(self.declared_name(one) in own for one in self.lineage(relation))

    def has_global_rows(self, relation: Relation) -> bool:
        """Whether rows of a table without a tenant are everybody's by the manifest; a partition is as its parent."""
        return any(self.declared_name(one) in self._tenancy.global_rows for one in self.lineage(relation))

    def global_values(self, relation: Relation) -> Mapping[str, str]:
        """The values of columns by which rows of a table are everybody's; empty if they have no tenant instead."""
        found = [self._tenancy.global_rows.get(self.declared_name(one), "read") for one in self.lineage(relation)]
        return next((values for values in found if not isinstance(values, str)), {})

    def lineage(self, relation: Relation) -> tuple[Relation, ...]:
        """A relation, then all its ancestors, nearest first, each once."""
        found = {relation.oid: relation}
        pending = [relation]
        while pending:
            for oid in pending.pop(0).parents:
                parent = self._relations.get(oid)
                if parent is not None and oid not in found:
                    found[oid] = parent
                    pending.append(parent)
        return tuple(found.values())

    def descendants(self, relation: Relation) -> tuple[Relation, ...]:
        """Every partition of a relation and every table that inherits from it, at any depth, each once."""
        found: dict[int, Relation] = {}
        pending = [relation]
        while pending:
            for child in self._children.get(pending.pop().oid, ()):
                if child.oid not in found:
                    found[child.oid] = child
                    pending.append(child)
        return tuple(found.values())

    def _key(self, relation: Relation) -> TenantKey:
        for ancestor in self.lineage(relation):
            declared = self._declared(self.declared_name(ancestor))
            if isinstance(declared, DerivedKey):
                return declared
            columns = _columns(relation, declared) if declared else None
            if columns:
                return columns
        return _columns(relation, self._tenancy.key)

    def _declared(self, name: str) -> tuple[str, ...] | DerivedKey | None:
        if name == self._tenancy.root:
            return self._tenancy.root_key
        if self._tenancy.members is not None and name == self._tenancy.members.table:
            return self._tenancy.members.key
        if self._tenancy.members is not None and name in self._tenancy.members.own:
            return (self._tenancy.members.own[name],)
        return self._tenancy.keys.get(name)


def _columns(relation: Relation, names: tuple[str, ...]) -> tuple[Column, ...] | None:
    found = [relation.column(name) for name in names]
    return tuple(column for column in found if column) if all(found) else None
