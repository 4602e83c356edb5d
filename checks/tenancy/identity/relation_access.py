"""Who reaches which relation by what was granted, apart from roles whose powers are told where roles are."""

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
    """What one role that a principal is or can become may do to a relation, on any of its columns.

    `grantees` are the roles that it holds this from, 0 for PUBLIC; `columns_only` says that it holds it on columns
    alone.
    """

    role_path: ReachableRole
    commands: frozenset[Command]
    grantees: frozenset[int]
    columns_only: bool

    def __str__(self) -> str:
        words = ", ".join(command for command in COMMANDS if command in self.commands)
        return f"{self.role_path} ({words}{', on some columns' if self.columns_only else ''})"


class GrantedAccess:
    """The reach of every principal in one world.

    A role with powers of its own that a principal can become is left out: that is one finding about the role, and
    not one about everything it was ever granted. What a principal itself is granted always counts.
    """

    def __init__(self, access: EffectiveAccess) -> None:
        self._world = access
        mighty = {
            b.role_path for b in access.all_reachable_roles() if len(b.role_path) > 1 and bypass_privileges(access, b)
        }
        self._plain = tuple(
            b
            for b in access.all_reachable_roles()
            if not any(b.role_path[:end] in mighty for end in range(2, len(b.role_path) + 1))
        )
        plain = {(b.principal, b.role.oid) for b in self._plain}
        self._holds = {
            b.role_path: frozenset(
                {PUBLIC, *(oid for oid in access.inherited_roles(b.role.oid) if (b.principal, oid) in plain)}
            )
            for b in self._plain
        }

    @property
    def role_paths(self) -> tuple[ReachableRole, ...]:
        """All that principals are or can become, but for roles that are findings by themselves."""
        return self._plain

    def on(self, relation: Relation) -> tuple[RelationAccess, ...]:
        """Who may run a command on a relation that it can name, in order of the path; nobody twice."""
        found = (self._of(becomes, relation) for becomes in self._plain)
        return tuple(reach for reach in found if reach.commands)

    def _of(self, reachable: ReachableRole, relation: Relation) -> RelationAccess:
        held = self._holds[reachable.role_path]
        if not self._world.role_privileges.can_resolve(reachable.role.oid, relation):
            held = frozenset[int]()
        if relation.owner in held:
            return RelationAccess(
                role_path=reachable,
                commands=frozenset(COMMANDS),
                grantees=frozenset({relation.owner}),
                columns_only=False,
            )
        whole = [grant for grant in relation.grants if grant.grantee in held]
        partly = [grant for column in relation.columns for grant in column.grants if grant.grantee in held]
        commands = frozenset(c for c in COMMANDS if any(g.privilege == c for g in (*whole, *partly)))
        return RelationAccess(
            role_path=reachable,
            commands=commands,
            grantees=frozenset(grant.grantee for grant in (*whole, *partly) if grant.privilege in COMMANDS),
            columns_only=not any(grant.privilege in COMMANDS for grant in whole),
        )


def describe_access(reached: Iterable[RelationAccess]) -> str:
    """Who reaches it and how, each principal by the shortest of its paths."""
    shortest: dict[str, RelationAccess] = {}
    for reach in reached:
        shortest.setdefault(reach.role_path.principal, reach)
    return "; ".join(str(reach) for reach in shortest.values())


def commands_of(reached: Iterable[RelationAccess]) -> frozenset[Command]:
    """Everything that any of them may do."""
    return frozenset(command for reach in reached for command in reach.commands)


def revoke_sql(
    access: EffectiveAccess, relation: Relation, reached: Iterable[RelationAccess], what: str = "ALL"
) -> str:
    """The SQL that takes the relation from everybody who was granted it."""
    oids = {oid for reach in reached for oid in reach.grantees}
    roles = sorted(quoted(role.name) for oid in oids if (role := access.role(oid)))
    names = ", ".join([*(["PUBLIC"] if PUBLIC in oids else []), *roles])
    return f"REVOKE {what} ON {access.sql_name(relation)} FROM {names};"
