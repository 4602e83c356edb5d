"""The inventory put together: who reaches what, under which policies. Pure, and made once for one reading."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime

from basewatch.tenancy import ObjectKind, Tenancy
from isolation.inventory import Inventory
from isolation.inventory.code import Function
from isolation.inventory.identities import Becomes, Identities
from isolation.inventory.naming import qualified
from isolation.inventory.privileges import Privileges
from isolation.inventory.relations import Command, Policy, Relation
from isolation.inventory.roles import Grant, Role
from isolation.inventory.standing import Key, Standing, Standings

__all__ = ["Becomes", "Key", "Standing", "World", "world"]


class World:
    """One inventory under one manifest; what it works out, it remembers."""

    def __init__(self, inventory: Inventory, tenancy: Tenancy) -> None:
        self.inventory = inventory
        self.tenancy = tenancy
        self.identities = Identities(inventory)
        self.rights = Privileges(inventory, self.identities)
        self.standings = Standings(inventory, tenancy)
        self._relations = {relation.oid: relation for relation in inventory.relations}
        self._functions = {function.oid: function for function in inventory.functions}
        self._policies: dict[int, list[Policy]] = defaultdict(list)
        for policy in inventory.policies:
            self._policies[policy.relation].append(policy)
        self._principals = tuple(b for principal in tenancy.principals for b in self.identities.becomes(principal))

    def role(self, oid: int) -> Role | None:
        """The role with this OID."""
        return self.identities.role(oid)

    def role_named(self, name: str) -> Role | None:
        """The role with this name."""
        return self.identities.named(name)

    def relation(self, oid: int) -> Relation | None:
        """The relation with this OID, unless it is PostgreSQL's own."""
        return self._relations.get(oid)

    def relation_named(self, declared: str) -> Relation | None:
        """The relation that the configuration names so."""
        return self.standings.named(declared)

    def function(self, oid: int) -> Function | None:
        """The function with this OID, unless it is PostgreSQL's own."""
        return self._functions.get(oid)

    def name(self, relation: Relation) -> str:
        """A relation as the configuration names it."""
        return self.standings.name(relation)

    def sql_name(self, relation: Relation) -> str:
        """A relation with its schema, quoted for SQL."""
        return qualified(relation.schema, relation.name)

    def becomes(self, principal: str) -> tuple[Becomes, ...]:
        """All that a login role is or can become, itself first; none if there is no such role."""
        return self.identities.becomes(principal)

    def principals(self) -> tuple[Becomes, ...]:
        """All that the declared principals are or can become, principal by principal."""
        return self._principals

    def inherited(self, role_oid: int) -> frozenset[int]:
        """The roles whose privileges it holds without SET ROLE, itself and PUBLIC (0) included."""
        return self.identities.inherited(role_oid)

    def holds(self, role_oid: int, owner_oid: int, grants: tuple[Grant, ...], privilege: str) -> bool:
        """Whether a role holds a privilege on an object: by itself, PUBLIC, inheritance, ownership or as superuser."""
        return self.rights.holds(role_oid, owner_oid, grants, privilege)

    def privileges(self, role_oid: int, relation: Relation) -> frozenset[str]:
        """The privileges a role has on a relation as a whole, such as SELECT."""
        return self.rights.of(role_oid, relation)

    def column_privileges(self, role_oid: int, relation: Relation, privilege: str) -> frozenset[str]:
        """The names of the columns on which a role has a privilege, all of them where it has it on the table."""
        return self.rights.columns(role_oid, relation, privilege)

    def commands(self, role_oid: int, relation: Relation) -> frozenset[Command]:
        """The commands a role may run on any column of a relation; none where it cannot even name it."""
        return self.rights.commands(role_oid, relation)

    def reached_by(self, relation: Relation) -> tuple[Becomes, ...]:
        """What principals are or can become that has any privilege on a relation, or on a column of it."""
        return tuple(becomes for becomes in self._principals if self.rights.any(becomes.role.oid, relation))

    def exempt(self, role_oid: int, relation: Relation) -> str:
        """Why row security is not asked of a role even where it is enabled, or empty when it is."""
        role = self.role(role_oid)
        if role is None or role.superuser:
            return "superuser" if role else "an unknown role"
        if role.bypass_rls:
            return "BYPASSRLS"
        if relation.owner in self.inherited(role_oid) and not relation.forced:
            return "owns it and row security is not forced"
        return ""

    def policies(self, relation: Relation, role_oid: int, command: Command) -> tuple[Policy, ...]:
        """The policies that PostgreSQL applies to a role and a command, by name."""
        inherited = self.inherited(role_oid)
        return tuple(
            policy
            for policy in sorted(self._policies[relation.oid], key=lambda policy: policy.name)
            if policy.command in {command, Command.ALL} and not inherited.isdisjoint(policy.roles)
        )

    def policies_on(self, relation: Relation) -> tuple[Policy, ...]:
        """Every policy of a relation, for whomever."""
        return tuple(self._policies[relation.oid])

    def key(self, relation: Relation) -> Key:
        """The columns of its tenant key, how it is derived from a parent, or None when it has none."""
        return self.standings.key(relation)

    def standing(self, relation: Relation) -> Standing:
        """What a relation is to the tenants; partitions and children as their parent."""
        return self.standings.of(relation)

    def tenant_tables(self) -> tuple[Relation, ...]:
        """Every table that has a tenant key, in any schema, partitions and children included, by name."""
        keyed = (r for r in self.inventory.relations if r.is_table and self.key(r) is not None)
        return tuple(sorted(keyed, key=self.name))

    def executable_by(self, function: Function) -> tuple[Becomes, ...]:
        """What principals are or can become that may call a function by its name."""
        return tuple(
            becomes
            for becomes in self._principals
            if self.rights.on_schema(becomes.role.oid, function.schema, "USAGE")
            and self.holds(becomes.role.oid, function.owner, function.grants, "EXECUTE")
        )

    def vouched(self, kind: ObjectKind, name: str, digest: str, now: datetime) -> bool:
        """Whether somebody vouches for an object as it is now."""
        return any(
            allowed.kind == kind and allowed.name == name and allowed.is_valid_for(digest, now)
            for allowed in self.tenancy.allowed
        )


# A pass judges many checks by the same facts; by identity, as comparing would cost more than making.
_MADE: deque[World] = deque(maxlen=4)


def world(inventory: Inventory, tenancy: Tenancy) -> World:
    """The world of an inventory under a manifest; the same object for the same two objects."""
    for made in tuple(_MADE):
        if made.inventory is inventory and made.tenancy is tenancy:
            return made
    made = World(inventory, tenancy)
    _MADE.append(made)
    return made
