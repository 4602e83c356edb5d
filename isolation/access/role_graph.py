"""Who a role is and can become: memberships followed as PostgreSQL follows them, by version."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from isolation.inventory import Inventory
from isolation.inventory.roles import PUBLIC, Membership, Role

_DATABASE_OWNER = "pg_database_owner"
# From here on a membership says by itself whether it is inherited.
_OPTIONS_SINCE = 160000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachableRole:
    """A role that a principal is or can become, and the names on the way: ("app", "mid", "reporting").

    `can_set_role` says that it can run as that role, so that the role's attributes and settings count: by SET ROLE, or
    by ADMIN OPTION, with which it grants the role to itself. Without `can_set_role` it only holds the role's
    privileges.
    """

    principal: str
    role: Role
    role_path: tuple[str, ...]
    can_set_role: bool = True

    def __str__(self) -> str:
        return " -> ".join(self.role_path)


class RoleGraph:
    """Every role of one inventory, and how memberships join them.

    CREATEROLE is not followed, not even before version 16, where it grants nearly any role: it is an attribute of its
    own, to be reported as such. A superuser is listed as itself alone, as becoming anybody adds nothing to it.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._roles = {role.oid: role for role in inventory.roles}
        self._named = {role.name: role for role in inventory.roles}
        self._joined: dict[int, list[Membership]] = defaultdict(list)
        self._inherited: dict[int, frozenset[int]] = {}
        self._becomes: dict[str, tuple[ReachableRole, ...]] = {}
        for membership in (*inventory.memberships, *self._implicit(inventory)):
            self._joined[membership.member].append(membership)

    def role(self, oid: int) -> Role | None:
        """The role with this OID."""
        return self._roles.get(oid)

    def role_named(self, name: str) -> Role | None:
        """The role with this name."""
        return self._named.get(name)

    def inherited_roles(self, oid: int) -> frozenset[int]:
        """The roles whose privileges it holds without SET ROLE, itself and PUBLIC included; a superuser holds all."""
        if oid not in self._inherited:
            self._inherited[oid] = frozenset(self._held(oid))
        return self._inherited[oid]

    def reachable_roles(self, principal: str) -> tuple[ReachableRole, ...]:
        """All that a login role is or can become, itself first and then by length of the path; none if unknown."""
        if principal not in self._becomes:
            start = self.role_named(principal)
            self._becomes[principal] = tuple(self._reached(start)) if start else ()
        return self._becomes[principal]

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

    def _held(self, oid: int) -> frozenset[int]:
        role = self.role(oid)
        if role and role.superuser:
            return self.all_roles
        held, waiting = {PUBLIC, oid}, [oid]
        while waiting:
            for membership in self._joined[waiting.pop()]:
                if membership.inherit_option and membership.role not in held:
                    held.add(membership.role)
                    waiting.append(membership.role)
        return frozenset(held)

    def _reached(self, start: Role) -> Iterator[ReachableRole]:
        found: dict[tuple[int, bool], ReachableRole] = {}
        waiting = deque([ReachableRole(principal=start.name, role=start, role_path=(start.name,))])
        while waiting:
            here = waiting.popleft()
            if (here.role.oid, here.can_set_role) in found:
                continue
            found[here.role.oid, here.can_set_role] = here
            waiting.extend(() if here.role.superuser and here.can_set_role else self._next(here))
        return (here for here in found.values() if here.can_set_role or (here.role.oid, True) not in found)

    def _next(self, here: ReachableRole) -> Iterator[ReachableRole]:
        for membership in self._joined[here.role.oid]:
            role = self.role(membership.role)
            # SET ROLE asks for an unbroken chain of SET; who only holds a role's privileges has its ADMIN OPTION too.
            sets = membership.admin_option or (membership.set_option and here.can_set_role)
            if role and (sets or membership.inherit_option):
                yield ReachableRole(
                    principal=here.principal, role=role, role_path=(*here.role_path, role.name), can_set_role=sets
                )
