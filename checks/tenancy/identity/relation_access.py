"""Access to relations by grants, without roles that tenancy.rls.bypass_roles reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks.tenancy.identity.bypass_privileges import bypass_privileges
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import PUBLIC

COMMANDS = (Command.SELECT, Command.INSERT, Command.UPDATE, Command.DELETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationAccess:
    """The commands that one reachable role may run on a relation, on any of its columns.

    `grantees` are the roles that hold the grants, 0 for PUBLIC; `columns_only` says that all grants are on columns.
    """

    role_path: ReachableRole
    commands: frozenset[Command]
    grantees: frozenset[int]
    columns_only: bool

    def __str__(self) -> str:
        words = ", ".join(command for command in COMMANDS if command in self.commands)
        return f"{self.role_path} ({words}{', on some columns' if self.columns_only else ''})"


class GrantedAccess:
    """The relations that each principal reaches by grants.

    A role with bypass privileges that a principal can become is left out: it is one finding about the role, and not
    one about each of its grants. The grants of a principal itself always count.
    """

    def __init__(self, access: EffectiveAccess) -> None:
        self._access = access
        bypassing = {
            b.role_path for b in access.all_reachable_roles() if len(b.role_path) > 1 and bypass_privileges(access, b)
        }
        self._roles = tuple(
            b
            for b in access.all_reachable_roles()
            if not any(b.role_path[:end] in bypassing for end in range(2, len(b.role_path) + 1))
        )
        included = {(b.principal, b.role.oid) for b in self._roles}
        self._holds = {
            b.role_path: frozenset(
                {PUBLIC, *(oid for oid in access.inherited_roles(b.role.oid) if (b.principal, oid) in included)}
            )
            for b in self._roles
        }

    @property
    def role_paths(self) -> tuple[ReachableRole, ...]:
        """The reachable roles, without those with bypass privileges."""
        return self._roles

    def on(self, relation: Relation) -> tuple[RelationAccess, ...]:
        """The access of each reachable role that may run a command on a relation, in order of the role path."""
        found = (self._of(reachable, relation) for reachable in self._roles)
        return tuple(role_access for role_access in found if role_access.commands)

    def _of(self, reachable: ReachableRole, relation: Relation) -> RelationAccess:
        held = self._holds[reachable.role_path]
        if not self._access.role_privileges.can_resolve(reachable.role.oid, relation):
            held = frozenset[int]()
        if relation.owner in held:
            return RelationAccess(
                role_path=reachable,
                commands=frozenset(COMMANDS),
                grantees=frozenset({relation.owner}),
                columns_only=False,
            )
        on_relation = [grant for grant in relation.grants if grant.grantee in held]
        on_columns = [grant for column in relation.columns for grant in column.grants if grant.grantee in held]
        commands = frozenset(c for c in COMMANDS if any(g.privilege == c for g in (*on_relation, *on_columns)))
        return RelationAccess(
            role_path=reachable,
            commands=commands,
            grantees=frozenset(grant.grantee for grant in (*on_relation, *on_columns) if grant.privilege in COMMANDS),
            columns_only=not any(grant.privilege in COMMANDS for grant in on_relation),
        )


def describe_access(reached: Iterable[RelationAccess]) -> str:
    """The access as text, each principal by its shortest role path."""
    shortest: dict[str, RelationAccess] = {}
    for role_access in reached:
        shortest.setdefault(role_access.role_path.principal, role_access)
    return "; ".join(str(role_access) for role_access in shortest.values())


def commands_of(reached: Iterable[RelationAccess]) -> frozenset[Command]:
    """All commands that any of them may run."""
    return frozenset(command for role_access in reached for command in role_access.commands)


def revoke_sql(
    access: EffectiveAccess, relation: Relation, reached: Iterable[RelationAccess], what: str = "ALL"
) -> str:
    """The SQL that revokes a privilege on a relation from all grantees."""
    oids = {oid for role_access in reached for oid in role_access.grantees}
    roles = sorted(quoted(role.name) for oid in oids if (role := access.role(oid)))
    names = ", ".join([*(["PUBLIC"] if PUBLIC in oids else []), *roles])
    return f"REVOKE {what} ON {access.sql_name(relation)} FROM {names};"
