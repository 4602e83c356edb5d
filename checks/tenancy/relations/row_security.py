"""The switches of row-level security on one table, and whether it lets anything through at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from basewatch.affected import Affected
from basewatch.model import Severity
from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import Flaw
from checks.tenancy.identity.relation_access import RelationAccess, revoke_sql
from checks.tenancy.showing import visible_through
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, Command, Relation


def lets_rows_through(access: EffectiveAccess, relation: Relation, reach: RelationAccess, command: Command) -> bool:
    """Whether a command may find or make any row: without a permissive policy, row security lets none through."""
    role = reach.role_path.role.oid
    if not relation.rls_enabled or access.rls_exemption(role, relation):
        return True
    return any(policy.permissive for policy in access.policies(relation, role, command))


def row_security_flaws(
    access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]
) -> Iterator[Flaw]:
    """What is wrong with the switches of a table that principals reach: off, not forced, or on without a policy."""
    table = access.sql_name(relation)
    if not relation.rls_enabled:
        yield _disabled(access, relation, reached)
        return
    if not relation.rls_forced:
        # A superuser and BYPASSRLS are told of the role.
        owning = [
            str(b)
            for b in access.all_reachable_roles()
            if not b.role.superuser and relation.owner in access.inherited_roles(b.role.oid)
        ]
        who = f", and {', '.join(owning)} has the owner's rights" if owning else ""
        yield Flaw(
            severity=Severity.CRITICAL if owning else Severity.MEDIUM,
            what=f"row security is not forced on the owner{who}",
            repair=f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
            about=_owners_see(access, relation),
        )
    denied = tuple(_denied(access, relation, reached))
    if denied:
        yield Flaw(
            severity=Severity.LOW,
            what=f"no policy lets {', '.join(denied)} see or write a row, whatever was granted",
            repair=f"{policy_sql(access, relation)} Or {revoke_sql(access, relation, reached)}",
        )


def _disabled(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Flaw:
    table, policies = access.sql_name(relation), len(access.policies_on(relation))
    what = "row security is not enabled"
    if policies:
        what += f", so that its {policies} {'policies are' if policies > 1 else 'policy is'} not asked"
    if relation.parents:
        what += "; named directly, it is not asked for the policies of its parent"
    switch = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
    repair = switch if policies else f"{switch} {policy_sql(access, relation)}"
    if relation.parents:
        repair = f"{revoke_sql(access, relation, reached)} Or {repair}"
    return Flaw(severity=Severity.CRITICAL, what=what, repair=repair, about=visible_through(access, relation))


def _owners_see(access: EffectiveAccess, relation: Relation) -> tuple[Affected, ...]:
    """The principals who have the owner's rights as themselves."""
    own = [
        b
        for b in access.all_reachable_roles()
        if len(b.role_path) == 1 and relation.owner in access.inherited_roles(b.role.oid)
    ]
    return tuple(about for b in own for about in visible_through(access, relation, b.principal))


def _denied(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Iterator[str]:
    """The principals who get nothing, under any of the roles that they reach the table by."""
    gets: dict[str, bool] = defaultdict(bool)
    for reach in reached:
        gets[reach.role_path.principal] |= any(
            lets_rows_through(access, relation, reach, command) for command in reach.commands
        )
    return (principal for principal, something in gets.items() if not something)


def policy_sql(access: EffectiveAccess, relation: Relation) -> str:
    """The policy that holds a table to its key, where that is a comparison with the context; else what to write."""
    key, tenancy = access.tenant_key(relation), access.tenancy
    table = access.sql_name(relation)
    if key is None or isinstance(key, DerivedKey) or tenancy.members is not None or len(key) != len(tenancy.context):
        return f"CREATE POLICY tenant_isolation ON {table} USING (<the row belongs to the current tenant>);"
    terms = " AND ".join(_term(column, setting) for column, setting in zip(key, tenancy.context, strict=True))
    return f"CREATE POLICY tenant_isolation ON {table} USING ({terms});"


def _term(column: Column, setting: str) -> str:
    return f"{quoted(column.name)} = nullif(current_setting('{setting}', true), '')::{column.type_name}"
