"""The effective access of an inventory: which roles reach which objects, under which policies. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from basewatch.tenancy import ObjectKind, Tenancy
from isolation.access._privileges import Privileges
from isolation.access.mentioned_roles import mentioned_roles
from isolation.access.role_graph import ReachableRole, RoleGraph
from isolation.access.table_class import TableClass, TableClasses, TenantKey
from isolation.inventory import Inventory
from isolation.inventory.code import Function, FunctionUse
from isolation.inventory.definitions import Coverage
from isolation.inventory.egress import CatalogueRead
from isolation.inventory.naming import qualified
from isolation.inventory.relations import Command, ForeignKey, Index, Policy, Relation
from isolation.inventory.roles import Grant, Role

__all__ = ["EffectiveAccess", "ReachableRole", "TableClass", "TenantKey", "effective_access"]


class EffectiveAccess:
    """Answers questions about one inventory under one manifest; results are cached."""

    def __init__(self, inventory: Inventory, tenancy: Tenancy) -> None:
        self.inventory = inventory
        self.tenancy = tenancy
        self.role_graph = RoleGraph(inventory)
        self.role_privileges = Privileges(inventory, self.role_graph)
        self.table_classes = TableClasses(inventory, tenancy)
        self._relations = {relation.oid: relation for relation in inventory.relations}
        self._functions = {function.oid: function for function in inventory.functions}
        self._foreign_keys: dict[int, list[ForeignKey]] = defaultdict(list)
        for key in inventory.foreign_keys:
            self._foreign_keys[key.relation].append(key)
        self._catalogue_reads: dict[int, list[CatalogueRead]] = defaultdict(list)
        for read in inventory.catalogue_reads:
            self._catalogue_reads[read.reader].append(read)
        self._function_uses: dict[int, list[FunctionUse]] = defaultdict(list)
        for use in inventory.function_uses:
            self._function_uses[use.function].append(use)
        self._indexes: dict[int, list[Index]] = defaultdict(list)
        for index in inventory.indexes:
            self._indexes[index.relation].append(index)
        self._policies: dict[int, list[Policy]] = defaultdict(list)
        for policy in inventory.policies:
            self._policies[policy.relation].append(policy)
        self._coverage = {covered.digest: covered for covered in inventory.coverage}
        self._mentioned = mentioned_roles(inventory, tenancy)
        self._principals = tuple(one for principal in tenancy.principals for one in self._distinct(principal))

    def role(self, oid: int) -> Role | None:
        """The role with this OID."""
        return self.role_graph.role(oid)

    def role_named(self, name: str) -> Role | None:
        """The role with this name."""
        return self.role_graph.role_named(name)

    def relation(self, oid: int) -> Relation | None:
        """The relation with this OID; None for system catalogues and unknown OIDs."""
        return self._relations.get(oid)

    def relation_named(self, declared: str) -> Relation | None:
        """The relation with this name in the configuration."""
        return self.table_classes.relation_named(declared)

    def function(self, oid: int) -> Function | None:
        """The function with this OID; None for built-in functions and unknown OIDs."""
        return self._functions.get(oid)

    def declared_name(self, relation: Relation) -> str:
        """The name of a relation in the configuration."""
        return self.table_classes.declared_name(relation)

    def sql_name(self, relation: Relation) -> str:
        """The name of a relation with its schema, quoted for SQL."""
        return qualified(relation.schema, relation.name)

    def reachable_roles(self, principal: str) -> tuple[ReachableRole, ...]:
        """The roles that a login role can act as, itself first; empty if the role does not exist."""
        return self.role_graph.reachable_roles(principal)

    def all_reachable_roles(self) -> tuple[ReachableRole, ...]:
        """The roles that the declared principals can act as, ordered by principal.

        Left out are roles that add nothing to one before: no attribute, grant, object or policy is their own.
        """
        return self._principals

    def roles_of(self, principal: str) -> tuple[ReachableRole, ...]:
        """Those of `all_reachable_roles` that one principal can act as."""
        return tuple(one for one in self._principals if one.principal == principal)

    def _distinct(self, principal: str) -> Iterator[ReachableRole]:
        seen = set[frozenset[int]]()
        for one in self.role_graph.reachable_roles(principal):
            held = self.inherited_roles(one.role.oid) & self._mentioned
            if one.role.oid in self._mentioned or held not in seen:
                seen.add(held)
                yield one

    def inherited_roles(self, role_oid: int) -> frozenset[int]:
        """The roles whose privileges a role has without SET ROLE, including itself and PUBLIC (0)."""
        return self.role_graph.inherited_roles(role_oid)

    def has_privilege(self, role_oid: int, owner_oid: int, grants: tuple[Grant, ...], privilege: str) -> bool:
        """Whether a role has a privilege on an object: by grant, PUBLIC, inheritance, ownership or as superuser."""
        return self.role_privileges.has_privilege(role_oid, owner_oid, grants, privilege)

    def relation_privileges(self, role_oid: int, relation: Relation) -> frozenset[str]:
        """The privileges of a role on a whole relation, such as SELECT."""
        return self.role_privileges.relation_privileges(role_oid, relation)

    def columns_with_privilege(self, role_oid: int, relation: Relation, privilege: str) -> frozenset[str]:
        """The names of the columns on which a role has a privilege; all columns if it has it on the table."""
        return self.role_privileges.columns_with_privilege(role_oid, relation, privilege)

    def commands(self, role_oid: int, relation: Relation) -> frozenset[Command]:
        """The commands that a role may run on any column of a relation; none if it cannot resolve its name."""
        return self.role_privileges.commands(role_oid, relation)

    def accessible_by(self, relation: Relation) -> tuple[ReachableRole, ...]:
        """The reachable roles that have any privilege on a relation or on one of its columns."""
        return tuple(
            reachable
            for reachable in self._principals
            if self.role_privileges.has_any_privilege(reachable.role.oid, relation)
        )

    def rls_exemption(self, role_oid: int, relation: Relation) -> str:
        """Why enabled row security does not apply to a role; empty if it applies."""
        role = self.role(role_oid)
        if role is None or role.superuser:
            return "superuser" if role else "an unknown role"
        if role.bypass_rls:
            return "BYPASSRLS"
        if relation.owner in self.inherited_roles(role_oid) and not relation.rls_forced:
            return "owns it and row security is not forced"
        return ""

    def policies(self, relation: Relation, role_oid: int, command: Command) -> tuple[Policy, ...]:
        """The policies that PostgreSQL applies to a role and a command, ordered by name."""
        inherited = self.inherited_roles(role_oid)
        return tuple(
            policy
            for policy in sorted(self._policies[relation.oid], key=lambda policy: policy.name)
            if policy.command in {command, Command.ALL} and not inherited.isdisjoint(policy.roles)
        )

    def policies_on(self, relation: Relation) -> tuple[Policy, ...]:
        """Every policy of a relation, for any role."""
        return tuple(self._policies[relation.oid])

    def foreign_keys_of(self, relation: Relation) -> tuple[ForeignKey, ...]:
        """The foreign keys of a relation to others."""
        return tuple(self._foreign_keys.get(relation.oid, ()))

    def indexes_of(self, relation: Relation) -> tuple[Index, ...]:
        """The indexes of a relation."""
        return tuple(self._indexes.get(relation.oid, ()))

    def catalogue_reads_of(self, relation: Relation) -> tuple[CatalogueRead, ...]:
        """The restricted system relations that a view or the rules of a relation read."""
        return tuple(self._catalogue_reads.get(relation.oid, ()))

    def uses_of(self, function: Function) -> tuple[FunctionUse, ...]:
        """The stored objects that call a function, other than policies, triggers and views."""
        return tuple(self._function_uses.get(function.oid, ()))

    def tenant_key(self, relation: Relation) -> TenantKey:
        """The columns of a relation's tenant key, its derivation from a parent, or None without a key."""
        return self.table_classes.tenant_key(relation)

    def is_own(self, relation: Relation) -> bool:
        """Whether the rows of a table belong to the user whom the context names: its tenant key is their column."""
        return self.table_classes.is_own(relation)

    def has_global_rows(self, relation: Relation) -> bool:
        """Whether every tenant may read the rows of a table without a tenant, and none may write them."""
        return self.table_classes.has_global_rows(relation)

    def global_values(self, relation: Relation) -> Mapping[str, str]:
        """The values of columns by which such rows are known; empty if they are the rows without a tenant."""
        return self.table_classes.global_values(relation)

    def table_class(self, relation: Relation) -> TableClass:
        """The class of a relation; partitions and inheriting tables have that of their parent."""
        return self.table_classes.table_class(relation)

    def tenant_tables(self) -> tuple[Relation, ...]:
        """Every table with a tenant key in any schema, including partitions and inheriting tables, ordered by name."""
        keyed = (r for r in self.inventory.relations if r.is_table and self.tenant_key(r) is not None)
        return tuple(sorted(keyed, key=self.declared_name))

    def executable_by(self, function: Function) -> tuple[ReachableRole, ...]:
        """The reachable roles that may call a function by its name."""
        return tuple(
            reachable
            for reachable in self._principals
            if self.role_privileges.has_schema_privilege(reachable.role.oid, function.schema, "USAGE")
            and self.has_privilege(reachable.role.oid, function.owner, function.grants, "EXECUTE")
        )

    def coverage(self, digests: Iterable[str]) -> Coverage:
        """What the digests of objects cover besides the objects, taken together."""
        found = [self._coverage[digest] for digest in digests if digest in self._coverage]
        return Coverage(
            digest="",
            reached=tuple(dict.fromkeys(name for each in found for name in each.reached)),
            uncovered=tuple(dict.fromkeys(what for each in found for what in each.uncovered)),
        )

    def is_approved(self, kind: ObjectKind, name: str, digest: str, now: datetime) -> bool:
        """Whether the manifest approves an object with its current digest."""
        return any(
            allowed.kind == kind and allowed.name == name and allowed.is_valid_for(digest, now)
            for allowed in self.tenancy.approved_objects
        )


# Many checks of a pass use the same facts. Keyed by identity: a comparison would cost more than a new object.
_RECENT: deque[EffectiveAccess] = deque(maxlen=4)


def effective_access(inventory: Inventory, tenancy: Tenancy) -> EffectiveAccess:
    """The effective access of an inventory under a manifest; the same two objects give the same result object."""
    for known in tuple(_RECENT):
        if known.inventory is inventory and known.tenancy is tenancy:
            return known
    access = EffectiveAccess(inventory, tenancy)
    _RECENT.append(access)
    return access
