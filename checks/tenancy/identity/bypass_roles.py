"""The check that no tenant-bound role bypasses row-level security, directly or through another role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object, with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict
from checks.tenancy.identity.bypass_privileges import HARMLESS_ROLES, BypassPrivilege, bypass_privileges
from checks.tenancy.identity.relation_access import GrantedAccess
from checks.tenancy.identity.undeclared_roles import undeclared_roles
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.role_graph import ReachableRole
from isolation.inventory import Inventory
from isolation.inventory.naming import quoted
from isolation.inventory.redaction import text_digest
from isolation.inventory.snapshot import inventory

_EXPECTED = "subject to row-level security, and member of no role that is not"


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
    """No tenant-bound role bypasses row-level security or can become a role that does; every other role is declared.

    Why: Row-level security does not apply to superusers, roles with BYPASSRLS, table owners and some predefined roles;
    a role that can SET ROLE to one of them has the same rights.
    Reads: pg_roles, pg_auth_members with the membership rules of the server version, owners, and the privileges of
    undeclared roles.
    Unverified when: The catalogue cannot be read.
    Fix: ALTER ROLE ... NOBYPASSRLS NOSUPERUSER, REVOKE the membership, or declare the role in tenancy.privileged.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    access = effective_access(facts, database.tenancy)
    for principal in database.tenancy.principals:
        yield _judge_principal(access, principal, now)
    yield from undeclared_roles(access)


def _judge_principal(access: EffectiveAccess, principal: str, now: datetime) -> Verdict:
    reachable = access.reachable_roles(principal)
    if not reachable:
        return failed(
            f"The role {principal} does not exist",
            subject=principal,
            observed="absent",
            expected=_EXPECTED,
            remedy="Correct tenancy.principals, or the database's url.",
        )
    # Roles that another principal can become are reported for that principal.
    others = set(access.tenancy.principals)
    flaws = [flaw for way in reachable if others.isdisjoint(way.role_path[1:]) for flaw in _flaws(access, way, now)]
    if flaws:
        verdict = flaw_verdict(principal, f"{principal} can bypass row-level security", flaws, expected=_EXPECTED)
        return with_affected(verdict, _affected(access, reachable[0]))
    become = ", ".join(str(way) for way in reachable[1:]) or "no other role"
    summary = f"{principal} is subject to row-level security"
    return passed(summary, subject=principal, observed=f"can become {become}", expected=_EXPECTED)


def _affected(access: EffectiveAccess, itself: ReachableRole) -> Iterator[Affected]:
    """What a principal itself reaches past policies: everything, or the relations that only such a role reaches."""
    principal, role = itself.principal, itself.role
    if role.superuser:
        yield principal, session_object("session_replication_role")
    if role.superuser or role.bypass_rls:
        yield principal, ANY_PRINCIPAL_OR_OBJECT
        return
    reaching = GrantedAccess(access)
    for relation in access.inventory.relations:
        otherwise = {role_access.role_path.principal for role_access in reaching.on(relation)}
        if not relation.rls_enabled and principal not in otherwise and access.commands(role.oid, relation):
            yield principal, access.declared_name(relation)


def _flaws(access: EffectiveAccess, reachable: ReachableRole, now: datetime) -> Iterator[Flaw]:
    """The flaws of one role on a role path: its bypass privileges, or that it is undeclared."""
    found = bypass_privileges(access, reachable)
    for privilege in found:
        inherited = len(reachable.role_path) > 1 and privilege.ignores_grants
        repair = privilege.repair if not inherited else _group_repair(access, reachable, privilege)
        yield Flaw(
            severity=privilege.severity, what=f"{reachable} {privilege.what}", repair=repair or _revoke(reachable)
        )
    if not found and not _expected(access, reachable):
        entry = Approvable(kind="grant", name=str(reachable), digest=text_digest(str(reachable)))
        if not entry.approved(access.tenancy, now):
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{reachable} is an undeclared role",
                repair=f"{_revoke(reachable)} Or declare {reachable.role.name} in tenancy.principals, so that it is "
                "checked as a principal.",
                approval=entry.offer(),
            )


def _group_repair(access: EffectiveAccess, reachable: ReachableRole, privilege: BypassPrivilege) -> str:
    """The SQL for a role that a principal can become: a role outside the isolation is taken from it, a group is not."""
    name = reachable.role.name
    group = not reachable.role.login and name not in access.tenancy.privileged and not name.startswith(("pg_", "rds"))
    revoke = _revoke(reachable)
    if not (group and privilege.at_source):
        return revoke
    return f"{privilege.at_source} Or, if {name} needs it: {revoke} Then declare {name} in tenancy.privileged."


def _expected(access: EffectiveAccess, reachable: ReachableRole) -> bool:
    """Whether a role may be on a role path: declared, or a group role, whose grants count as the principal's own."""
    if not reachable.role.login and not reachable.role.name.startswith(("pg_", "rds")):
        return True
    name, tenancy = reachable.role.name, access.tenancy
    expected = HARMLESS_ROLES | {"pg_database_owner"} | set(tenancy.principals) | set(tenancy.privileged)
    # A role inherited through a predefined role, such as pg_read_all_stats through pg_monitor, is reported with it.
    return name in expected or any(before.startswith("pg_") for before in reachable.role_path[1:-1])


def _revoke(reachable: ReachableRole) -> str:
    """The SQL that revokes the last membership of a role path."""
    if len(reachable.role_path) == 1:
        return ""
    member, role = reachable.role_path[-2:]
    return f"REVOKE {quoted(role)} FROM {quoted(member)};"
