"""The check that no tenant-bound role is, or can become, one that row-level security does not bind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object, with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict
from checks.tenancy.identity.bypass_privileges import HARMLESS_ROLES, bypass_privileges
from checks.tenancy.identity.relation_access import GrantedAccess
from checks.tenancy.identity.undeclared_roles import undeclared_roles
from checks.tenancy.privileges.digests import digest_of
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.role_graph import ReachableRole
from isolation.inventory import Inventory
from isolation.inventory.naming import quoted
from isolation.inventory.snapshot import inventory

_EXPECTED = "bound by row-level security, and in no role that is not"


@check(
    "tenancy.rls.bypass_roles",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_principal_bypasses_row_security(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No tenant-bound role is or can become one that policies do not bind, and every other role is declared.

    Why: Row-level security does not ask a superuser, a role with BYPASSRLS or the owner of a table, a predefined role
    reaches around it, and whoever can SET ROLE to one of them is one.
    Reads: pg_roles, pg_auth_members followed by this version's rules, owners, and the privileges of undeclared roles.
    Unverified when: The catalogue cannot be read.
    Fix: ALTER ROLE ... NOBYPASSRLS NOSUPERUSER, REVOKE the membership, or declare the role in tenancy.privileged.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    made = effective_access(facts, database.tenancy)
    for principal in database.tenancy.principals:
        yield _judge_principal(made, principal, now)
    yield from undeclared_roles(made)


def _judge_principal(access: EffectiveAccess, principal: str, now: datetime) -> Verdict:
    ways = access.reachable_roles(principal)
    if not ways:
        return failed(
            f"The role {principal} does not exist",
            subject=principal,
            observed="absent",
            expected=_EXPECTED,
            remedy="Correct tenancy.principals, or the database's url.",
        )
    # What another principal can become is told of that one.
    others = set(access.tenancy.principals)
    flaws = [flaw for way in ways if others.isdisjoint(way.role_path[1:]) for flaw in _flaws(access, way, now)]
    if flaws:
        verdict = flaw_verdict(
            principal, f"{principal} is not held by row-level security alone", flaws, expected=_EXPECTED
        )
        return with_affected(verdict, _about(access, ways[0]))
    become = ", ".join(str(way) for way in ways[1:]) or "nobody else"
    summary = f"{principal} is bound by row-level security"
    return passed(summary, subject=principal, observed=f"can become {become}", expected=_EXPECTED)


def _about(access: EffectiveAccess, itself: ReachableRole) -> Iterator[Affected]:
    """What a principal reads or writes past policies as itself: everything, or what it has by such a role alone."""
    principal, role = itself.principal, itself.role
    if role.superuser:
        yield principal, session_object("session_replication_role")
    if role.superuser or role.bypass_rls:
        yield principal, ANY_PRINCIPAL_OR_OBJECT
        return
    reaching = GrantedAccess(access)
    for relation in access.inventory.relations:
        otherwise = {reach.role_path.principal for reach in reaching.on(relation)}
        if not relation.rls_enabled and principal not in otherwise and access.commands(role.oid, relation):
            yield principal, access.declared_name(relation)


def _flaws(access: EffectiveAccess, reachable: ReachableRole, now: datetime) -> Iterator[Flaw]:
    """What one role on the way adds: its powers, or that nobody declared it."""
    found = bypass_privileges(access, reachable)
    for power in found:
        repair = power.repair if len(reachable.role_path) == 1 or not power.ignores_grants else _revoke(reachable)
        yield Flaw(severity=power.severity, what=f"{reachable} {power.what}", repair=repair or _revoke(reachable))
    if not found and not _expected(access, reachable):
        entry = Approvable(kind="grant", name=str(reachable), digest=digest_of(str(reachable)))
        if not entry.approved(access, now):
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{reachable} is a role that no one declared",
                repair=f"{_revoke(reachable)} Or declare {reachable.role.name} in tenancy.principals, so that it is "
                f"judged as one, or vouch for it in tenancy.allowed: {entry}",
            )


def _expected(access: EffectiveAccess, reachable: ReachableRole) -> bool:
    """Whether a role may be on the way: declared, or a mere group, whose grants are judged as the principal's own."""
    if not reachable.role.login and not reachable.role.name.startswith(("pg_", "rds")):
        return True
    name, tenancy = reachable.role.name, access.tenancy
    told = HARMLESS_ROLES | {"pg_database_owner"} | set(tenancy.principals) | set(tenancy.privileged)
    # What comes with a predefined role, such as pg_read_all_stats with pg_monitor, is told with that role.
    return name in told or any(before.startswith("pg_") for before in reachable.role_path[1:-1])


def _revoke(reachable: ReachableRole) -> str:
    """The SQL that undoes the last step of the way."""
    if len(reachable.role_path) == 1:
        return ""
    member, role = reachable.role_path[-2:]
    return f"REVOKE {quoted(role)} FROM {quoted(member)};"
