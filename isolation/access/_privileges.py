"""The privileges of roles on objects, by grants, ownership, inheritance and predefined roles."""

from __future__ import annotations

from collections.abc import Iterable

from isolation.access.role_graph import RoleGraph
from isolation.inventory import Inventory
from isolation.inventory.relations import Command, Relation, RelationKind
from isolation.inventory.roles import Grant, Schema

TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
"""The privileges on a table; MAINTAIN since version 17."""
SEQUENCE_PRIVILEGES = ("SELECT", "UPDATE", "USAGE")
_COMMANDS = (Command.SELECT, Command.INSERT, Command.UPDATE, Command.DELETE)
# https://www.postgresql.org/docs/18/predefined-roles.html: these need no grant on a relation.
_PREDEFINED = {
    "pg_read_all_data": ("SELECT",),
    "pg_write_all_data": ("INSERT", "UPDATE", "DELETE"),
    "pg_maintain": ("MAINTAIN",),
}
_MAINTAIN_SINCE = 170000


class Privileges:
    """The privileges of one inventory, equal to the results of PostgreSQL's has_..._privilege functions.

    One exception: an owner always has every privilege, because it can grant itself a revoked privilege again.
    """

    def __init__(self, inventory: Inventory, role_graph: RoleGraph) -> None:
        self._role_graph = role_graph
        self._schemas = {schema.name: schema for schema in inventory.schemas}
        self._maintain = inventory.server.version_num >= _MAINTAIN_SINCE
        self._predefined = {role.oid: _PREDEFINED[role.name] for role in inventory.roles if role.name in _PREDEFINED}
        self._used_by_oid = frozenset(_used_by_oid(inventory))
        self._by_relation: dict[tuple[int, int], frozenset[str]] = {}

    def schema(self, name: str) -> Schema | None:
        """The schema with this name; None for PostgreSQL's own schemas."""
        return self._schemas.get(name)

    def has_privilege(self, role: int, owner: int, grants: Iterable[Grant], privilege: str) -> bool:
        """Whether a role has a privilege on an object: by grant, PUBLIC, inheritance or ownership."""
        inherited = self._role_graph.inherited_roles(role)
        return owner in inherited or any(g.privilege == privilege and g.grantee in inherited for g in grants)

    def has_schema_privilege(self, role: int, name: str, privilege: str) -> bool:
        """Whether a role has USAGE or CREATE on a schema; true for an unknown schema."""
        schema = self._schemas.get(name)
        if schema is None or self.has_privilege(role, schema.owner, schema.grants, privilege):
            return True
        all_data = ("pg_read_all_data", "pg_write_all_data")
        inherited = self._role_graph.inherited_roles(role)
        roles = (self._role_graph.role(oid) for oid in self._predefined if oid in inherited)
        return privilege == "USAGE" and any(role and role.name in all_data for role in roles)

    def relation_privileges(self, role: int, relation: Relation) -> frozenset[str]:
        """The privileges of a role on a whole relation, whether or not it has USAGE on the schema."""
        key = (role, relation.oid)
        if key not in self._by_relation:
            self._by_relation[key] = self._on(role, relation)
        return self._by_relation[key]

    def columns_with_privilege(self, role: int, relation: Relation, privilege: str) -> frozenset[str]:
        """The columns on which a role has a privilege; all columns if it has it on the table."""
        if privilege in self.relation_privileges(role, relation):
            return frozenset(column.name for column in relation.columns)
        return frozenset(
            column.name
            for column in relation.columns
            if column.grants and self.has_privilege(role, relation.owner, column.grants, privilege)
        )

    def commands(self, role: int, relation: Relation) -> frozenset[Command]:
        """The commands that a role may run on any column of a relation whose name it can resolve."""
        if not self.can_resolve(role, relation):
            return frozenset()
        on_table = self.relation_privileges(role, relation)
        return frozenset(c for c in _COMMANDS if c in on_table or self.columns_with_privilege(role, relation, c))

    def has_any_privilege(self, role: int, relation: Relation) -> bool:
        """Whether a role has any privilege on a relation, or a column of it, whose name it can resolve."""
        held = self.relation_privileges(role, relation) or any(
            column.grants
            and any(self.has_privilege(role, relation.owner, (grant,), grant.privilege) for grant in column.grants)
            for column in relation.columns
        )
        return bool(held) and self.can_resolve(role, relation)

    def can_resolve(self, role: int, relation: Relation) -> bool:
        """Whether a role can refer to a relation: by USAGE on its schema, by its OID, or through a view or function.

        A sequence can be used by OID (nextval). A security_invoker view and the parsed body of an SQL function hold
        OIDs, so PostgreSQL does not check USAGE on the schemas of their relations.
        """
        sequence = relation.kind is RelationKind.SEQUENCE
        return (
            sequence or relation.oid in self._used_by_oid or self.has_schema_privilege(role, relation.schema, "USAGE")
        )

    def _on(self, role: int, relation: Relation) -> frozenset[str]:
        inherited = self._role_graph.inherited_roles(role)
        sequence = relation.kind is RelationKind.SEQUENCE
        possible = frozenset(SEQUENCE_PRIVILEGES if sequence else TABLE_PRIVILEGES)
        if not self._maintain:
            possible -= {"MAINTAIN"}
        if relation.owner in inherited:
            return possible
        granted = {grant.privilege for grant in relation.grants if grant.grantee in inherited}
        # A role may inherit many thousands, and few are predefined.
        for oid, privileges in self._predefined.items():
            if oid in inherited:
                granted.update(privileges)
        return possible & granted


def _used_by_oid(inventory: Inventory) -> Iterable[int]:
    for relation in inventory.relations:
        if relation.kind is RelationKind.VIEW and relation.security_invoker:
            yield from relation.referenced_relations
    for function in inventory.functions:
        if not function.security_definer:
            yield from function.referenced_relations
