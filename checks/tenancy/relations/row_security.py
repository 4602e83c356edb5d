"""Row-level security of one table: enabled, forced, and with at least one applicable policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import count

from basewatch.affected import Affected
from basewatch.model import Severity
from checks.tenancy.flaws import Flaw, visible_through
from checks.tenancy.identity.relation_access import RelationAccess, revoke_sql
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command, Relation
from isolation.proof import expected_expression


def lets_rows_through(
    access: EffectiveAccess, relation: Relation, role_access: RelationAccess, command: Command
) -> bool:
    """Whether a command can reach any row: without a permissive policy, row security rejects all rows."""
    role = role_access.role_path.role.oid
    if not relation.rls_enabled or access.rls_exemption(role, relation):
        return True
    return any(policy.permissive for policy in access.policies(relation, role, command))


def row_security_flaws(
    access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...], *, said_of_owner: bool = False
) -> Iterator[Flaw]:
    """The flaws of row security on a table that principals reach: disabled, not forced, or without a policy.

    `said_of_owner` says that a finding on its owner says that row security is not forced.
    """
    table = access.sql_name(relation)
    if not relation.rls_enabled:
        yield _disabled(access, relation, reached)
        return
    if not relation.rls_forced and not said_of_owner:
        owner = access.role(relation.owner)
        # Superusers and roles with BYPASSRLS are reported by tenancy.rls.bypass_roles.
        owning = [
            str(b)
            for b in access.all_reachable_roles()
            if not b.role.superuser and relation.owner in access.inherited_roles(b.role.oid)
        ]
        who = f", and {', '.join(owning)} has the rights of the owner" if owning else ""
        if owning or owner is None or owner.name not in access.tenancy.unforced_owners:
            yield Flaw(
                severity=Severity.CRITICAL if owning else Severity.MEDIUM,
                what=f"row security is not forced for the owner{who}",
                repair=f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
                affected=_owner_affected(access, relation),
            )
    denied = tuple(_denied(access, relation, reached))
    if denied:
        yield Flaw(
            severity=Severity.LOW,
            what=f"no policy allows {', '.join(denied)} to read or write any row, despite the grants",
            repair=f"{policy_sql(access, relation)} Or {revoke_sql(access, relation, reached)}",
        )


def _disabled(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Flaw:
    table, policies = access.sql_name(relation), len(access.policies_on(relation))
    what = "row security is not enabled"
    if policies:
        what += f", so that its {policies} {'policies have' if policies > 1 else 'policy has'} no effect"
    if relation.parents:
        what += "; the policies of its parent do not apply when it is queried directly"
    enable = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
    repair = enable if policies else f"{enable} {policy_sql(access, relation)}"
    repair += _public_grants(access, relation, reached)
    if relation.parents:
        repair = f"{revoke_sql(access, relation, reached)} Or {repair}"
    return Flaw(severity=Severity.CRITICAL, what=what, repair=repair, affected=visible_through(access, relation))


def _public_grants(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> str:
    """The SQL that leaves to the principals what PUBLIC was granted."""
    table, granted = access.sql_name(relation), {grant.privilege for grant in relation.grants if not grant.grantee}
    kept = ", ".join(each for each in Command if each in granted)
    roles = ", ".join(sorted({quoted(each.role_path.principal) for each in reached}))
    grant = f" GRANT {kept} ON {table} TO {roles};" if kept else ""
    return f" REVOKE ALL ON {table} FROM PUBLIC;{grant}" if granted else ""


def no_inherit_sql(access: EffectiveAccess, relation: Relation) -> str:
    """The SQL by which reading a table no longer reads the tables of tenants that inherit from it."""
    children = (each for each in access.inventory.relations if relation.oid in each.parents and not each.partition)
    parent = access.sql_name(relation)
    return "".join(f"ALTER TABLE {access.sql_name(each)} NO INHERIT {parent}; " for each in children)


def _owner_affected(access: EffectiveAccess, relation: Relation) -> tuple[Affected, ...]:
    """The principals that have the rights of the owner themselves."""
    own = [
        b
        for b in access.all_reachable_roles()
        if len(b.role_path) == 1 and relation.owner in access.inherited_roles(b.role.oid)
    ]
    return tuple(affected for b in own for affected in visible_through(access, relation, b.principal))


def _denied(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Iterator[str]:
    """The principals that reach no row, by any of their roles."""
    gets: dict[str, bool] = defaultdict(bool)
    for role_access in reached:
        gets[role_access.role_path.principal] |= any(
            lets_rows_through(access, relation, role_access, command) for command in role_access.commands
        )
    return (principal for principal, something in gets.items() if not something)


def policy_sql(access: EffectiveAccess, relation: Relation) -> str:
    """The CREATE POLICY that restricts rows to the tenant; without a known tenant key, what to declare first."""
    expression = expected_expression(access, relation)
    if not expression:
        return f"Declare the tenant key of {access.declared_name(relation)} in tenancy.keys, and create its policy."
    taken = {policy.name for policy in access.policies_on(relation)}
    name = next(name for name in (f"tenant_isolation{number or ''}" for number in count()) if name not in taken)
    return f"CREATE POLICY {name} ON {access.sql_name(relation)} USING ({expression});"
