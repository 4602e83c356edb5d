"""The inventory put together: who reaches what, under which policies. Pure, and made once for one reading."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime

from basewatch.tenancy import ObjectKind, Tenancy
from isolation.access.privileges import Privileges
from isolation.access.role_graph import ReachableRole, RoleGraph
from isolation.access.table_class import TableClass, TableClasses, TenantKey
from isolation.inventory import Inventory
from isolation.inventory.code import Function
from isolation.inventory.naming import qualified
from isolation.inventory.relations import Command, Policy, Relation
from isolation.inventory.roles import Grant, Role

__all__ = ["EffectiveAccess", "ReachableRole", "TableClass", "TenantKey", "effective_access"]


class EffectiveAccess:
    """One inventory under one manifest; what it works out, it remembers."""

    def __init__(self, inventory: Inventory, tenancy: Tenancy) -> None:
        self.inventory = inventory
        self.tenancy = tenancy
        self.role_graph = RoleGraph(inventory)
        self.role_privileges = Privileges(inventory, self.role_graph)
        self.table_classes = TableClasses(inventory, tenancy)
        self._relations = {relation.oid: relation for relation in inventory.relations}
        self._functions = {function.oid: function for function in inventory.functions}
        self._policies: dict[int, list[Policy]] = defaultdict(list)
        for policy in inventory.policies:
            self._policies[policy.relation].append(policy)
        self._principals = tuple(
            b for principal in tenancy.principals for b in self.role_graph.reachable_roles(principal)
        )

    def role(self, oid: int) -> Role | None:
        """The role with this OID."""
        return self.role_graph.role(oid)

    def role_named(self, name: str) -> Role | None:
        """The role with this name."""
        return self.role_graph.role_named(name)

    def relation(self, oid: int) -> Relation | None:
        """The relation with this OID, unless it is PostgreSQL's own."""
        return self._relations.get(oid)

    def relation_named(self, declared: str) -> Relation | None:
        """The relation that the configuration names so."""
        return self.table_classes.relation_named(declared)

    def function(self, oid: int) -> Function | None:
        """The function with this OID, unless it is PostgreSQL's own."""
        return self._functions.get(oid)

    def declared_name(self, relation: Relation) -> str:
        """A relation as the configuration names it."""
        return self.table_classes.declared_name(relation)

    def sql_name(self, relation: Relation) -> str:
        """A relation with its schema, quoted for SQL."""
        return qualified(relation.schema, relation.name)

    def reachable_roles(self, principal: str) -> tuple[ReachableRole, ...]:
        """All that a login role is or can become, itself first; none if there is no such role."""
        return self.role_graph.reachable_roles(principal)

    def all_reachable_roles(self) -> tuple[ReachableRole, ...]:
        """All that the declared principals are or can become, principal by principal."""
        return self._principals

    def inherited_roles(self, role_oid: int) -> frozenset[int]:
        """The roles whose privileges it holds without SET ROLE, itself and PUBLIC (0) included."""
        return self.role_graph.inherited_roles(role_oid)

    def has_privilege(self, role_oid: int, owner_oid: int, grants: tuple[Grant, ...], privilege: str) -> bool:
        """Whether a role holds a privilege on an object: by itself, PUBLIC, inheritance, ownership or as superuser."""
        return self.role_privileges.has_privilege(role_oid, owner_oid, grants, privilege)

    def relation_privileges(self, role_oid: int, relation: Relation) -> frozenset[str]:
        """The privileges a role has on a relation as a whole, such as SELECT."""
        return self.role_privileges.relation_privileges(role_oid, relation)

    def columns_with_privilege(self, role_oid: int, relation: Relation, privilege: str) -> frozenset[str]:
        """The names of the columns on which a role has a privilege, all of them where it has it on the table."""
        return self.role_privileges.columns_with_privilege(role_oid, relation, privilege)

    def commands(self, role_oid: int, relation: Relation) -> frozenset[Command]:
        """The commands a role may run on any column of a relation; none where it cannot even name it."""
        return self.role_privileges.commands(role_oid, relation)

    def accessible_by(self, relation: Relation) -> tuple[ReachableRole, ...]:
        """What principals are or can become that has any privilege on a relation, or on a column of it."""
        return tuple(
            becomes
            for becomes in self._principals
            if self.role_privileges.has_any_privilege(becomes.role.oid, relation)
        )

    def rls_exemption(self, role_oid: int, relation: Relation) -> str:
        """Why row security is not asked of a role even where it is enabled, or empty when it is."""
        role = self.role(role_oid)
        if role is None or role.superuser:
            return "superuser" if role else "an unknown role"
        if role.bypass_rls:
            return "BYPASSRLS"
        if relation.owner in self.inherited_roles(role_oid) and not relation.rls_forced:
            return "owns it and row security is not forced"
        return ""

    def policies(self, relation: Relation, role_oid: int, command: Command) -> tuple[Policy, ...]:
        """The policies that PostgreSQL applies to a role and a command, by name."""
        inherited = self.inherited_roles(role_oid)
        return tuple(
            policy
            for policy in sorted(self._policies[relation.oid], key=lambda policy: policy.name)
            if policy.command in {command, Command.ALL} and not inherited.isdisjoint(policy.roles)
        )

    def policies_on(self, relation: Relation) -> tuple[Policy, ...]:
        """Every policy of a relation, for whomever."""
        return tuple(self._policies[relation.oid])

    def tenant_key(self, relation: Relation) -> TenantKey:
        """The columns of its tenant key, how it is derived from a parent, or None when it has none."""
        return self.table_classes.tenant_key(relation)

    def table_class(self, relation: Relation) -> TableClass:
        """What a relation is to the tenants; partitions and children as their parent."""
        return self.table_classes.table_class(relation)

    def tenant_tables(self) -> tuple[Relation, ...]:
        """Every table that has a tenant key, in any schema, partitions and children included, by name."""
        keyed = (r for r in self.inventory.relations if r.is_table and self.tenant_key(r) is not None)
        return tuple(sorted(keyed, key=self.declared_name))

    def executable_by(self, function: Function) -> tuple[ReachableRole, ...]:
        """What principals are or can become that may call a function by its name."""
        return tuple(
            becomes
            for becomes in self._principals
            if self.role_privileges.has_schema_privilege(becomes.role.oid, function.schema, "USAGE")
            and self.has_privilege(becomes.role.oid, function.owner, function.grants, "EXECUTE")
        )

    def is_approved(self, kind: ObjectKind, name: str, digest: str, now: datetime) -> bool:
        """Whether somebody vouches for an object as it is now."""
        return any(
            allowed.kind == kind and allowed.name == name and allowed.is_valid_for(digest, now)
            for allowed in self.tenancy.allowed
        )


# A pass judges many checks by the same facts; by identity, as comparing would cost more than making.
_MADE: deque[EffectiveAccess] = deque(maxlen=4)


def effective_access(inventory: Inventory, tenancy: Tenancy) -> EffectiveAccess:
    """The world of an inventory under a manifest; the same object for the same two objects."""
    for made in tuple(_MADE):
        if made.inventory is inventory and made.tenancy is tenancy:
            return made
    made = EffectiveAccess(inventory, tenancy)
    _MADE.append(made)
    return made
