"""The switches of row-level security on one table, and whether it lets anything through at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from basewatch.about import About
from basewatch.model import Severity
from basewatch.tenancy import Derived
from checks.tenancy.flaws import Flaw
from checks.tenancy.reach import Reach, revoke
from checks.tenancy.showing import showing
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, Command, Relation
from isolation.inventory.world import World


def asked_of(world: World, relation: Relation, reach: Reach, command: Command) -> bool:
    """Whether a command may find or make any row: without a permissive policy, row security lets none through."""
    role = reach.becomes.role.oid
    if not relation.enabled or world.exempt(role, relation):
        return True
    return any(policy.permissive for policy in world.policies(relation, role, command))


def switch_flaws(world: World, relation: Relation, reached: tuple[Reach, ...]) -> Iterator[Flaw]:
    """What is wrong with the switches of a table that principals reach: off, not forced, or on without a policy."""
    table = world.sql_name(relation)
    if not relation.enabled:
        yield _disabled(world, relation, reached)
        return
    if not relation.forced:
        # A superuser and BYPASSRLS are told of the role.
        owning = [
            str(b) for b in world.principals() if not b.role.superuser and relation.owner in world.inherited(b.role.oid)
        ]
        who = f", and {', '.join(owning)} has the owner's rights" if owning else ""
        yield Flaw(
            severity=Severity.CRITICAL if owning else Severity.MEDIUM,
            what=f"row security is not forced on the owner{who}",
            repair=f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
            about=_owners_see(world, relation),
        )
    denied = tuple(_denied(world, relation, reached))
    if denied:
        yield Flaw(
            severity=Severity.LOW,
            what=f"no policy lets {', '.join(denied)} see or write a row, whatever was granted",
            repair=f"{policy_sql(world, relation)} Or {revoke(world, relation, reached)}",
        )


def _disabled(world: World, relation: Relation, reached: tuple[Reach, ...]) -> Flaw:
    table, policies = world.sql_name(relation), len(world.policies_on(relation))
    what = "row security is not enabled"
    if policies:
        what += f", so that its {policies} {'policies are' if policies > 1 else 'policy is'} not asked"
    if relation.parents:
        what += "; named directly, it is not asked for the policies of its parent"
    switch = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
    repair = switch if policies else f"{switch} {policy_sql(world, relation)}"
    if relation.parents:
        repair = f"{revoke(world, relation, reached)} Or {repair}"
    return Flaw(severity=Severity.CRITICAL, what=what, repair=repair, about=showing(world, relation))


def _owners_see(world: World, relation: Relation) -> tuple[About, ...]:
    """The principals who have the owner's rights as themselves."""
    own = [b for b in world.principals() if len(b.path) == 1 and relation.owner in world.inherited(b.role.oid)]
    return tuple(about for b in own for about in showing(world, relation, b.principal))


def _denied(world: World, relation: Relation, reached: tuple[Reach, ...]) -> Iterator[str]:
    """The principals who get nothing, under any of the roles that they reach the table by."""
    gets: dict[str, bool] = defaultdict(bool)
    for reach in reached:
        gets[reach.becomes.principal] |= any(asked_of(world, relation, reach, command) for command in reach.commands)
    return (principal for principal, something in gets.items() if not something)


def policy_sql(world: World, relation: Relation) -> str:
    """The policy that holds a table to its key, where that is a comparison with the context; else what to write."""
    key, tenancy = world.key(relation), world.tenancy
    table = world.sql_name(relation)
    if key is None or isinstance(key, Derived) or tenancy.members is not None or len(key) != len(tenancy.context):
        return f"CREATE POLICY tenant_isolation ON {table} USING (<the row belongs to the current tenant>);"
    terms = " AND ".join(_term(column, setting) for column, setting in zip(key, tenancy.context, strict=True))
    return f"CREATE POLICY tenant_isolation ON {table} USING ({terms});"


def _term(column: Column, setting: str) -> str:
    return f"{quoted(column.name)} = nullif(current_setting('{setting}', true), '')::{column.type_name}"
