"""Undeclared roles that bypass policies, or that can log in and reach rows of tenants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from basewatch.model import Severity, Verdict
from checks.tenancy.flaws import Flaw, flaw_verdict
from checks.tenancy.identity.bypass_privileges import BypassPrivilege, bypass_privileges
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC, Role

# The bootstrap superuser: https://www.postgresql.org/docs/15/app-initdb.html
_BOOTSTRAP = 10
# Prefixes of the predefined roles of PostgreSQL and of RDS.
_SERVICE = ("pg_", "rds")
_TENANTS = {TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS}
_SHOWN = 5


def undeclared_roles(access: EffectiveAccess) -> Iterator[Verdict]:
    """A FAIL for each such role, sorted by name."""
    declared = {*access.tenancy.principals, *access.tenancy.privileged}
    # Roles that a principal can become are reported for that principal.
    reported = {one.role.oid for principal in access.tenancy.principals for one in access.reachable_roles(principal)}
    reaching = _reaching(access)
    for role in sorted(access.inventory.roles, key=lambda role: role.name):
        known = role.oid == _BOOTSTRAP or role.name in declared or role.name.startswith(_SERVICE)
        if not known and role.oid not in reported:
            yield from _judge(access, role, reaching)


def _judge(access: EffectiveAccess, role: Role, reaching: Mapping[int, set[str]]) -> Iterator[Verdict]:
    ways = access.reachable_roles(role.name)
    reached = sorted({name for way in ways for oid in _held(access, way) for name in reaching.get(oid, ())})
    exempt = [
        (way, privilege) for way in ways for privilege in bypass_privileges(access, way) if privilege.ignores_grants
    ]
    if not (role.login or (exempt and reached)) or not (exempt or reached):
        return
    flaws = [_exempt(role, way, privilege) for way, privilege in exempt]
    if reached:
        more = f" and {len(reached) - _SHOWN} more" if len(reached) > _SHOWN else ""
        flaws.append(
            Flaw(
                severity=Severity.MEDIUM,
                what=f"{'logs in and ' if role.login else ''}reaches {', '.join(reached[:_SHOWN])}{more}",
                repair=f"{_revokes(access, role, ways)} Or declare {role.name} in tenancy.principals if it acts for "
                "one tenant at a time, or in tenancy.privileged with the reason.",
            )
        )
    summary = f"{role.name} is an undeclared role outside the isolation"
    yield flaw_verdict(role.name, summary, flaws, expected="declared in tenancy.principals or tenancy.privileged")


def _exempt(role: Role, way: ReachableRole, privilege: BypassPrivilege) -> Flaw:
    # The finding is that an undeclared role can become a privileged one, not what the privileged role may do.
    repair = (
        privilege.repair
        if len(way.role_path) == 1
        else f"REVOKE {quoted(way.role_path[-1])} FROM {quoted(way.role_path[-2])};"
    )
    declare = f"Or declare {role.name} in tenancy.privileged, with the reason."
    return Flaw(severity=Severity.HIGH, what=f"{way} {privilege.what}", repair=f"{repair} {declare}")


def _revokes(access: EffectiveAccess, role: Role, ways: tuple[ReachableRole, ...]) -> str:
    """The SQL that revokes what a role was granted on tenants' tables, and its memberships in roles that reach them."""
    reaching, name = _reaching(access), quoted(role.name)
    own = [
        f"REVOKE ALL ON {access.sql_name(table)} FROM {name};"
        for table in access.inventory.relations
        if access.declared_name(table) in reaching.get(role.oid, ()) and table.owner != role.oid
    ]
    groups = [
        f"REVOKE {quoted(way.role_path[1])} FROM {name};"
        for way in ways
        if way.role_path[1:] and any(reaching.get(oid) for oid in _held(access, way) - {role.oid})
    ]
    return " ".join(dict.fromkeys((*own, *groups)))


def _held(access: EffectiveAccess, way: ReachableRole) -> frozenset[int]:
    """The roles whose grants count for a role; grants to PUBLIC are reported for the table."""
    return frozenset({way.role.oid}) if way.role.superuser else access.inherited_roles(way.role.oid) - {PUBLIC}


def _reaching(access: EffectiveAccess) -> Mapping[int, set[str]]:
    """The names of the tenants' tables that each role owns or has a grant on."""
    found: dict[int, set[str]] = defaultdict(set)
    for table in access.inventory.relations:
        if table.is_table and access.table_class(table) in _TENANTS:
            grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
            for oid in {table.owner, *(grant.grantee for grant in grants)}:
                found[oid].add(access.declared_name(table))
    return found
