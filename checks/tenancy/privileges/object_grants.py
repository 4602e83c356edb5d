"""Grants that no policy binds: on schemas, the database, parameters, PostgreSQL's own objects, and by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object
from basewatch.model import Severity
from checks.tenancy.flaws import Approvable, Flaw
from checks.tenancy.identity.relation_access import GrantedAccess
from checks.tenancy.privileges.digests import digest_of
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.egress import SystemGrant
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC, DefaultPrivilege, Grant

_REPLICATION_ROLE = "session_replication_role"
# How SQL names the kinds of objects whose names it is not.
_SQL = {"relation": "TABLE", "foreign_data_wrapper": "FOREIGN DATA WRAPPER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFlaw:
    """One grant that is wrong, on the object it is a finding of; `approvable` is what would vouch for it."""

    subject: str
    flaw: Flaw
    approvable: Approvable


def grant_flaw(
    subject: str,
    privilege: str,
    grantee: str,
    severity: Severity,
    why: str,
    *,
    held_via: str,
    repair: str,
    about: tuple[Affected, ...] = (),
) -> GrantFlaw:
    """One grant of a privilege; `grantee` is its grantee, and `held_via` the path by which a principal has it."""
    name = f"{privilege} on {subject} to {grantee}"
    entry = Approvable(kind="grant", name=name, digest=digest_of(name))
    said = f"{held_via} has {privilege}: {why}"
    vouch = f"{repair} Or vouch for it in tenancy.allowed: {entry}"
    flaw = Flaw(severity=severity, what=said, repair=vouch, approvable=False, about=about)
    return GrantFlaw(subject=subject, flaw=flaw, approvable=entry)


def object_grants(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    """All that is wrong beside the grants on relations."""
    yield from _schemas(access, granted_access)
    yield from _database(access, granted_access)
    yield from _parameters(access, granted_access)
    yield from _defaults(access, granted_access)
    yield from _system(access, granted_access)


def grantee_sql(access: EffectiveAccess, oid: int) -> str:
    """A grantee as SQL names it."""
    role = access.role(oid)
    return "PUBLIC" if oid == PUBLIC else quoted(role.name) if role else "?"


def _schemas(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    why = "what it makes there may stand in the way of a built-in function, or hold copies of rows"
    for schema in access.inventory.schemas:
        for how, grantee in _holding(granted_access, schema.owner, schema.grants, "CREATE"):
            to = grantee_sql(access, grantee)
            repair = f"REVOKE CREATE ON SCHEMA {quoted(schema.name)} FROM {to};"
            yield grant_flaw(f"schema {schema.name}", "CREATE", to, Severity.HIGH, why, held_via=how, repair=repair)


def _database(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    server = access.inventory.server
    for privilege, severity, why in (
        ("CREATE", Severity.HIGH, "it may make schemas, and install trusted extensions"),
        ("TEMPORARY", Severity.LOW, "a temporary table outlives the transaction, and the next tenant may read it"),
    ):
        for how, grantee in _holding(granted_access, server.database_owner, server.database_grants, privilege):
            to = grantee_sql(access, grantee)
            repair = f"REVOKE {privilege} ON DATABASE {quoted(server.database)} FROM {to};"
            yield grant_flaw(f"database {server.database}", privilege, to, severity, why, held_via=how, repair=repair)


def _parameters(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    for grant in access.inventory.parameter_grants:
        how = holder_paths(granted_access, grant.grantee)
        if how:
            to = grantee_sql(access, grant.grantee)
            severe = grant.parameter.lower() == _REPLICATION_ROLE or grant.privilege == "ALTER SYSTEM"
            why = (
                "in a replica session no trigger and no foreign key is asked"
                if grant.parameter.lower() == _REPLICATION_ROLE
                else "only a superuser sets it, and for a reason"
            )
            yield grant_flaw(
                f"parameter {grant.parameter}",
                grant.privilege,
                to,
                Severity.HIGH if severe else Severity.MEDIUM,
                why,
                held_via=how,
                repair=f"REVOKE {grant.privilege} ON PARAMETER {grant.parameter} FROM {to};",
                about=tuple(
                    (who, session_object(grant.parameter.lower())) for who in _principals(granted_access, grant.grantee)
                ),
            )


def _defaults(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    for grant in access.inventory.default_privileges:
        how = holder_paths(granted_access, grant.grantee)
        if how and grant.grantee != grant.owner and _is_wide(grant):
            to, owner = grantee_sql(access, grant.grantee), grantee_sql(access, grant.owner)
            where = f" in {grant.schema}" if grant.schema else ""
            within = f" IN SCHEMA {quoted(grant.schema)}" if grant.schema else ""
            objects = f"{grant.kind}s".upper()
            yield grant_flaw(
                f"future {grant.kind}s of {owner}{where}",
                grant.privilege,
                to,
                Severity.MEDIUM,
                "a table is open before its policy is written",
                held_via=how,
                repair=f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner}{within} REVOKE {grant.privilege} ON {objects} "
                f"FROM {to};",
            )


def _is_wide(grant: DefaultPrivilege) -> bool:
    return grant.kind == "table" or (grant.kind == "schema" and grant.privilege == "CREATE")


def _system(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    for grant in access.inventory.system_grants:
        how = holder_paths(granted_access, grant.grantee)
        if how:
            to, (subject, privilege) = grantee_sql(access, grant.grantee), _of_system(grant)
            kind, _, name = subject.partition(" ")
            yield grant_flaw(
                subject,
                privilege,
                to,
                Severity.HIGH,
                "PostgreSQL does not grant this, and keeps it from roles for a reason",
                held_via=how,
                repair=f"REVOKE {privilege} ON {_SQL.get(kind, kind.upper())} {name} FROM {to};",
            )


def _of_system(grant: SystemGrant) -> tuple[str, str]:
    """The object that a finding is of, and the privilege on it: columns are told of their relation."""
    if grant.kind != "column":
        return f"{grant.kind} {grant.name}", grant.privilege
    relation, _, column = grant.name.rpartition(".")
    return f"relation {relation}", f"{grant.privilege} ({column})"


def holder_paths(granted_access: GrantedAccess, grantee: int) -> str:
    """The principals that a grant to a role is one to, each with its path; empty when it is none of them."""
    if grantee == PUBLIC:
        return "PUBLIC"
    return ", ".join(str(becomes) for becomes in granted_access.role_paths if becomes.role.oid == grantee)


def _principals(granted_access: GrantedAccess, grantee: int) -> tuple[str, ...]:
    return (
        (ANY_PRINCIPAL_OR_OBJECT,)
        if grantee == PUBLIC
        else tuple(b.principal for b in granted_access.role_paths if b.role.oid == grantee)
    )


def _holding(
    granted_access: GrantedAccess, owner: int, grants: tuple[Grant, ...], privilege: str
) -> Iterator[tuple[str, int]]:
    for grantee in sorted({g.grantee for g in grants if g.privilege == privilege and g.grantee != owner}):
        how = holder_paths(granted_access, grantee)
        if how:
            yield how, grantee
