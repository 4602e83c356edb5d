"""What a role may do to which object: grants, ownership, inheritance and the predefined roles put together."""

from __future__ import annotations

from collections.abc import Iterable

from isolation.access.role_graph import RoleGraph
from isolation.inventory import Inventory
from isolation.inventory.relations import Command, Relation, RelationKind
from isolation.inventory.roles import Grant, Schema

TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
"""What can be granted on a table; MAINTAIN from version 17 on."""
SEQUENCE_PRIVILEGES = ("SELECT", "UPDATE", "USAGE")
_COMMANDS = (Command.SELECT, Command.INSERT, Command.UPDATE, Command.DELETE)
# https://www.postgresql.org/docs/18/predefined-roles.html: these reach relations without a grant on them.
_PREDEFINED = {
    "pg_read_all_data": ("SELECT",),
    "pg_write_all_data": ("INSERT", "UPDATE", "DELETE"),
    "pg_maintain": ("MAINTAIN",),
}
_MAINTAIN_SINCE = 170000


class Privileges:
    """Every privilege of one inventory, as the has_..._privilege functions answer.

    Except that an owner always counts as having all of them: what it took from itself, it can grant itself again.
    """

    def __init__(self, inventory: Inventory, identities: RoleGraph) -> None:
        self._identities = identities
        self._schemas = {schema.name: schema for schema in inventory.schemas}
        self._maintain = inventory.server.version_num >= _MAINTAIN_SINCE
        self._predefined = {role.oid: _PREDEFINED[role.name] for role in inventory.roles if role.name in _PREDEFINED}
        self._invoked = frozenset(_invoked(inventory))
        self._found: dict[tuple[int, int], frozenset[str]] = {}

    def schema(self, name: str) -> Schema | None:
        """The schema with this name, unless it is PostgreSQL's own."""
        return self._schemas.get(name)

    def has_privilege(self, role: int, owner: int, grants: Iterable[Grant], privilege: str) -> bool:
        """Whether a role holds a privilege on an object: by itself, PUBLIC, inheritance or ownership."""
        inherited = self._identities.inherited_roles(role)
        return owner in inherited or any(g.privilege == privilege and g.grantee in inherited for g in grants)

    def has_schema_privilege(self, role: int, name: str, privilege: str) -> bool:
        """Whether a role has USAGE or CREATE on a schema; on a schema that is not known it has."""
        schema = self._schemas.get(name)
        if schema is None or self.has_privilege(role, schema.owner, schema.grants, privilege):
            return True
        named = ("pg_read_all_data", "pg_write_all_data")
        roles = (self._identities.role(oid) for oid in self._identities.inherited_roles(role) & self._predefined.keys())
        return privilege == "USAGE" and any(found and found.name in named for found in roles)

    def relation_privileges(self, role: int, relation: Relation) -> frozenset[str]:
        """The privileges a role has on a relation as a whole, wherever its schema is."""
        key = (role, relation.oid)
        if key not in self._found:
            self._found[key] = self._on(role, relation)
        return self._found[key]

    def columns_with_privilege(self, role: int, relation: Relation, privilege: str) -> frozenset[str]:
        """The columns on which a role has a privilege; all of them, where it has it on the table."""
        if privilege in self.relation_privileges(role, relation):
            return frozenset(column.name for column in relation.columns)
        return frozenset(
            column.name
            for column in relation.columns
            if column.grants and self.has_privilege(role, relation.owner, column.grants, privilege)
        )

    def commands(self, role: int, relation: Relation) -> frozenset[Command]:
        """The commands that a role may run on any column of a relation that it can name."""
        if not self.can_resolve(role, relation):
            return frozenset()
        whole = self.relation_privileges(role, relation)
        return frozenset(c for c in _COMMANDS if c in whole or self.columns_with_privilege(role, relation, c))

    def has_any_privilege(self, role: int, relation: Relation) -> bool:
        """Whether a role has any privilege on a relation that it can name, or on a column of it."""
        held = self.relation_privileges(role, relation) or any(
            column.grants
            and any(self.has_privilege(role, relation.owner, (grant,), grant.privilege) for grant in column.grants)
            for column in relation.columns
        )
        return bool(held) and self.can_resolve(role, relation)

    def can_resolve(self, role: int, relation: Relation) -> bool:
        """Whether a role can name a relation: by USAGE on its schema, by its OID, or by a view that names it.

        Sequences are reached by OID (nextval), and what is named in a security_invoker view or in the body of an SQL
        function is not looked up again, so that USAGE on its schema is never asked for.
        """
        sequence = relation.kind is RelationKind.SEQUENCE
        return sequence or relation.oid in self._invoked or self.has_schema_privilege(role, relation.schema, "USAGE")

    def _on(self, role: int, relation: Relation) -> frozenset[str]:
        inherited = self._identities.inherited_roles(role)
        sequence = relation.kind is RelationKind.SEQUENCE
        possible = frozenset(SEQUENCE_PRIVILEGES if sequence else TABLE_PRIVILEGES)
        if not self._maintain:
            possible -= {"MAINTAIN"}
        if relation.owner in inherited:
            return possible
        granted = {grant.privilege for grant in relation.grants if grant.grantee in inherited}
        for oid in inherited & self._predefined.keys():
            granted.update(self._predefined[oid])
        return possible & granted


def _invoked(inventory: Inventory) -> Iterable[int]:
    for relation in inventory.relations:
        if relation.kind is RelationKind.VIEW and relation.security_invoker:
            yield from relation.referenced_relations
    for function in inventory.functions:
        if not function.security_definer:
            yield from function.referenced_relations
