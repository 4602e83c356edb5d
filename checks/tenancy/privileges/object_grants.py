"""Grants that bypass policies on schemas, the database, parameters and system objects, and default privileges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object
from basewatch.model import Severity
from checks.tenancy.flaws import Approvable, Flaw
from checks.tenancy.identity.relation_access import GrantedAccess
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.egress import SystemGrant
from isolation.inventory.naming import quoted
from isolation.inventory.redaction import text_digest
from isolation.inventory.roles import PUBLIC, DefaultPrivilege, Grant

_REPLICATION_ROLE = "session_replication_role"
# The OID of the superuser that initdb makes, which owns what PostgreSQL ships.
_BOOTSTRAP = 10
# The SQL keywords of kinds whose name differs from them.
_SQL = {"relation": "TABLE", "foreign_data_wrapper": "FOREIGN DATA WRAPPER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFlaw:
    """One grant that bypasses policies, and the object that it is reported for."""

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
    affected: tuple[Affected, ...] = (),
) -> GrantFlaw:
    """The flaw of one grant; `held_via` are the role paths by which principals hold it."""
    name = f"{privilege} on {subject} to {grantee}"
    entry = Approvable(kind="grant", name=name, digest=text_digest(name))
    what = f"{held_via} has {privilege}: {why}"
    flaw = Flaw(
        severity=severity, what=what, repair=repair, approval=entry.offer(), approvable=False, affected=affected
    )
    return GrantFlaw(subject=subject, flaw=flaw, approvable=entry)


def object_grants(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    """The flaws of all grants on objects other than relations."""
    yield from _schemas(access, granted_access)
    yield from _database(access, granted_access)
    yield from _parameters(access, granted_access)
    yield from _defaults(access, granted_access)
    yield from _system(access, granted_access)


def grantee_sql(access: EffectiveAccess, oid: int) -> str:
    """A grantee, quoted for SQL."""
    role = access.role(oid)
    return "PUBLIC" if oid == PUBLIC else quoted(role.name) if role else "?"


def _schemas(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    why = "objects created there may shadow a built-in function, or hold copies of rows"
    for schema in access.inventory.schemas:
        for how, grantee in _holding(granted_access, schema.owner, schema.grants, "CREATE"):
            to = grantee_sql(access, grantee)
            repair = f"REVOKE CREATE ON SCHEMA {quoted(schema.name)} FROM {to};"
            yield grant_flaw(f"schema {schema.name}", "CREATE", to, Severity.HIGH, why, held_via=how, repair=repair)


def _database(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    server = access.inventory.server
    for privilege, severity, why in (
        ("CREATE", Severity.HIGH, "it may create schemas and install trusted extensions"),
        (
            "TEMPORARY",
            Severity.LOW,
            "a temporary table outlives the transaction, and the next tenant on the session may read it",
        ),
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
                "in a replica session no trigger fires and no foreign key is checked"
                if grant.parameter.lower() == _REPLICATION_ROLE
                else "by default, only a superuser may set it"
            )
            yield grant_flaw(
                f"parameter {grant.parameter}",
                grant.privilege,
                to,
                Severity.HIGH if severe else Severity.MEDIUM,
                why,
                held_via=how,
                repair=f"REVOKE {grant.privilege} ON PARAMETER {grant.parameter} FROM {to};",
                affected=tuple(
                    (who, session_object(grant.parameter.lower())) for who in _principals(granted_access, grant.grantee)
                ),
            )


def _defaults(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    for grant in access.inventory.default_privileges:
        how = holder_paths(granted_access, grant.grantee)
        severity, why = _default_flaw(grant)
        if how and grant.grantee != grant.owner and why:
            to, owner = grantee_sql(access, grant.grantee), grantee_sql(access, grant.owner)
            where = f" in {grant.schema}" if grant.schema else ""
            within = f" IN SCHEMA {quoted(grant.schema)}" if grant.schema else ""
            objects = f"{grant.kind}s".replace("_", " ")
            yield grant_flaw(
                f"future {objects} of {owner}{where}",
                grant.privilege,
                to,
                severity,
                why,
                held_via=how,
                repair=f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner}{within} REVOKE {grant.privilege} "
                f"ON {objects.upper()} FROM {to};",
            )


def _default_flaw(grant: DefaultPrivilege) -> tuple[Severity, str]:
    """The severity of a default privilege and why it is a flaw; empty for one that exposes no rows.

    EXECUTE on functions and USAGE on types are PUBLIC's by default, and USAGE on a schema or sequence shows no rows.
    """
    match grant.kind, grant.privilege:
        case "table", _:
            return Severity.MEDIUM, "a new table is accessible before it has a policy"
        case "schema", "CREATE":
            return (
                Severity.MEDIUM,
                "objects created in a new schema may shadow a built-in function, or hold copies of rows",
            )
        case "large_object", _:
            return Severity.MEDIUM, "a new large object is every tenant's, because policies do not apply to it"
        case "sequence", "SELECT":
            return Severity.LOW, "the last value of a new sequence reveals the number of rows of all tenants"
        case _:
            return Severity.LOW, ""


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
                "PostgreSQL does not grant this privilege by default",
                held_via=how,
                repair=_take_back(access, privilege, f"{_SQL.get(kind, kind.upper())} {name}", to),
            )


def _take_back(access: EffectiveAccess, privilege: str, sql_name: str, grantee: str) -> str:
    if privilege != "OWNER":
        return f"REVOKE {privilege} ON {sql_name} FROM {grantee};"
    shipped = access.role(_BOOTSTRAP)
    return f"ALTER {sql_name} OWNER TO {quoted(shipped.name)};" if shipped else f"Give {sql_name} back its owner."


def _of_system(grant: SystemGrant) -> tuple[str, str]:
    """The object of the finding and the privilege on it; columns are reported for their relation."""
    if grant.kind != "column":
        return f"{grant.kind} {grant.name}", grant.privilege
    relation, _, column = grant.name.rpartition(".")
    return f"relation {relation}", f"{grant.privilege} ({column})"


def holder_paths(granted_access: GrantedAccess, grantee: int) -> str:
    """The principals that hold a grant to a role, each with its role path; empty without any."""
    if grantee == PUBLIC:
        return "PUBLIC"
    return ", ".join(str(reachable) for reachable in granted_access.role_paths if reachable.role.oid == grantee)


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
