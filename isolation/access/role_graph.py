"""The graph of role memberships: the roles whose privileges a role has, and the roles that it can act as."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from isolation.inventory import Inventory
from isolation.inventory.roles import PUBLIC, Membership, Role

_DATABASE_OWNER = "pg_database_owner"
# Since this version, INHERIT and SET are options of the membership.
_OPTIONS_SINCE = 160000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachableRole:
    """A role that a principal is, or can act as, with the path of memberships: ("app", "mid", "reporting").

    If `can_set_role`, the principal can run as the role, and the role's attributes and settings apply: by SET ROLE, or
    by ADMIN OPTION, with which it can grant the role to itself. Otherwise it only has the role's privileges.
    """

    principal: str
    role: Role
    role_path: tuple[str, ...]
    can_set_role: bool = True

    def __str__(self) -> str:
        return " -> ".join(self.role_path)


class RoleGraph:
    """The roles of one inventory and their memberships, followed as PostgreSQL does in each version.

    CREATEROLE is not followed, although before version 16 it can grant nearly any role: a check reports the attribute
    itself. The memberships of a superuser are not followed: another role adds no privilege.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._roles = {role.oid: role for role in inventory.roles}
        self._by_name = {role.name: role for role in inventory.roles}
        self._memberships: dict[int, list[Membership]] = defaultdict(list)
        self._inherited: dict[int, frozenset[int]] = {}
        self._reachable: dict[str, tuple[ReachableRole, ...]] = {}
        for membership in (*inventory.memberships, *self._implicit(inventory)):
            self._memberships[membership.member].append(membership)

    def role(self, oid: int) -> Role | None:
        """The role with this OID."""
        return self._roles.get(oid)

    def role_named(self, name: str) -> Role | None:
        """The role with this name."""
        return self._by_name.get(name)

    def memberships_of(self, oid: int) -> tuple[Membership, ...]:
        """The memberships of a role in others, with that of the database owner in pg_database_owner."""
        return tuple(self._memberships.get(oid, ()))

    def inherited_roles(self, oid: int) -> frozenset[int]:
        """The roles whose privileges a role has without SET ROLE, itself and PUBLIC included; all for a superuser."""
        if oid not in self._inherited:
            self._inherited[oid] = frozenset(self._inherited_by(oid))
        return self._inherited[oid]

    def reachable_roles(self, principal: str) -> tuple[ReachableRole, ...]:
        """The roles that a login role can act as: itself, then by length of the path; empty if it is unknown."""
        if principal not in self._reachable:
            start = self.role_named(principal)
            self._reachable[principal] = tuple(self._reachable_from(start)) if start else ()
        return self._reachable[principal]

    @cached_property
    def all_roles(self) -> frozenset[int]:
        """The OIDs of all roles, and PUBLIC."""
        return frozenset((PUBLIC, *self._roles))

    def _implicit(self, inventory: Inventory) -> Iterator[Membership]:
        role, owner = self.role_named(_DATABASE_OWNER), self.role(inventory.server.database_owner)
        if role and owner:
            inherit = owner.inherit or inventory.server.version_num >= _OPTIONS_SINCE
            yield Membership(
                role=role.oid, member=owner.oid, admin_option=False, inherit_option=inherit, set_option=True
            )

    def _inherited_by(self, oid: int) -> frozenset[int]:
        role = self.role(oid)
        if role and role.superuser:
            return self.all_roles
        inherited, pending = {PUBLIC, oid}, [oid]
        while pending:
            for membership in self._memberships.get(pending.pop(), ()):
                if membership.inherit_option and membership.role not in inherited:
                    inherited.add(membership.role)
                    pending.append(membership.role)
        return frozenset(inherited)

    def _reachable_from(self, start: Role) -> Iterator[ReachableRole]:
        found: dict[tuple[int, bool], ReachableRole] = {}
        pending = deque([ReachableRole(principal=start.name, role=start, role_path=(start.name,))])
        while pending:
            current = pending.popleft()
            if (current.role.oid, current.can_set_role) in found:
                continue
            found[current.role.oid, current.can_set_role] = current
            pending.extend(() if current.role.superuser and current.can_set_role else self._next(current))
        return (one for one in found.values() if one.can_set_role or (one.role.oid, True) not in found)

    def _next(self, current: ReachableRole) -> Iterator[ReachableRole]:
        for membership in self._memberships.get(current.role.oid, ()):
            role = self.role(membership.role)
            # SET ROLE needs SET on every membership of the path. Inherited privileges include ADMIN OPTION.
            can_set_role = membership.admin_option or (membership.set_option and current.can_set_role)
            if role and (can_set_role or membership.inherit_option):
                yield ReachableRole(
                    principal=current.principal,
                    role=role,
                    role_path=(*current.role_path, role.name),
                    can_set_role=can_set_role,
                )
