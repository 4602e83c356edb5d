"""Grants that no policy binds: on schemas, the database, parameters, PostgreSQL's own objects, and by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.about import ANY, About, of_session
from basewatch.model import Severity
from checks.tenancy.flaws import Entry, Flaw
from checks.tenancy.privileges.digests import digest_of
from checks.tenancy.reach import Reaching
from isolation.inventory.exports import SystemGrant
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC, DefaultGrant, Grant
from isolation.inventory.world import World

_REPLICATION_ROLE = "session_replication_role"
# How SQL names the kinds of objects whose names it is not.
_SQL = {"relation": "TABLE", "foreign_data_wrapper": "FOREIGN DATA WRAPPER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One grant that is wrong, on the object it is a finding of; `entry` is what would vouch for it."""

    subject: str
    flaw: Flaw
    entry: Entry


def granted(
    subject: str,
    privilege: str,
    to: str,
    severity: Severity,
    why: str,
    *,
    how: str,
    repair: str,
    about: tuple[About, ...] = (),
) -> Granted:
    """One grant of a privilege; `to` is its grantee, and `how` the path by which a principal has it."""
    name = f"{privilege} on {subject} to {to}"
    entry = Entry(kind="grant", name=name, digest=digest_of(name))
    said = f"{how} has {privilege}: {why}"
    vouch = f"{repair} Or vouch for it in tenancy.allowed: {entry}"
    flaw = Flaw(severity=severity, what=said, repair=vouch, personal=False, about=about)
    return Granted(subject=subject, flaw=flaw, entry=entry)


def place_grants(world: World, reaching: Reaching) -> Iterator[Granted]:
    """All that is wrong beside the grants on relations."""
    yield from _schemas(world, reaching)
    yield from _database(world, reaching)
    yield from _parameters(world, reaching)
    yield from _defaults(world, reaching)
    yield from _system(world, reaching)


def grantee_sql(world: World, oid: int) -> str:
    """A grantee as SQL names it."""
    role = world.role(oid)
    return "PUBLIC" if oid == PUBLIC else quoted(role.name) if role else "?"


def _schemas(world: World, reaching: Reaching) -> Iterator[Granted]:
    why = "what it makes there may stand in the way of a built-in function, or hold copies of rows"
    for schema in world.inventory.schemas:
        for how, grantee in _holding(reaching, schema.owner, schema.grants, "CREATE"):
            to = grantee_sql(world, grantee)
            repair = f"REVOKE CREATE ON SCHEMA {quoted(schema.name)} FROM {to};"
            yield granted(f"schema {schema.name}", "CREATE", to, Severity.HIGH, why, how=how, repair=repair)


def _database(world: World, reaching: Reaching) -> Iterator[Granted]:
    server = world.inventory.server
    for privilege, severity, why in (
        ("CREATE", Severity.HIGH, "it may make schemas, and install trusted extensions"),
        ("TEMPORARY", Severity.LOW, "a temporary table outlives the transaction, and the next tenant may read it"),
    ):
        for how, grantee in _holding(reaching, server.database_owner, server.database_grants, privilege):
            to = grantee_sql(world, grantee)
            repair = f"REVOKE {privilege} ON DATABASE {quoted(server.database)} FROM {to};"
            yield granted(f"database {server.database}", privilege, to, severity, why, how=how, repair=repair)


def _parameters(world: World, reaching: Reaching) -> Iterator[Granted]:
    for grant in world.inventory.parameter_grants:
        how = who_holds(reaching, grant.grantee)
        if how:
            to = grantee_sql(world, grant.grantee)
            severe = grant.parameter.lower() == _REPLICATION_ROLE or grant.privilege == "ALTER SYSTEM"
            why = (
                "in a replica session no trigger and no foreign key is asked"
                if grant.parameter.lower() == _REPLICATION_ROLE
                else "only a superuser sets it, and for a reason"
            )
            yield granted(
                f"parameter {grant.parameter}",
                grant.privilege,
                to,
                Severity.HIGH if severe else Severity.MEDIUM,
                why,
                how=how,
                repair=f"REVOKE {grant.privilege} ON PARAMETER {grant.parameter} FROM {to};",
                about=tuple((who, of_session(grant.parameter.lower())) for who in _principals(reaching, grant.grantee)),
            )


def _defaults(world: World, reaching: Reaching) -> Iterator[Granted]:
    for grant in world.inventory.default_grants:
        how = who_holds(reaching, grant.grantee)
        if how and grant.grantee != grant.owner and _is_wide(grant):
            to, owner = grantee_sql(world, grant.grantee), grantee_sql(world, grant.owner)
            where = f" in {grant.schema}" if grant.schema else ""
            within = f" IN SCHEMA {quoted(grant.schema)}" if grant.schema else ""
            objects = f"{grant.kind}s".upper()
            yield granted(
                f"future {grant.kind}s of {owner}{where}",
                grant.privilege,
                to,
                Severity.MEDIUM,
                "a table is open before its policy is written",
                how=how,
                repair=f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner}{within} REVOKE {grant.privilege} ON {objects} "
                f"FROM {to};",
            )


def _is_wide(grant: DefaultGrant) -> bool:
    return grant.kind == "table" or (grant.kind == "schema" and grant.privilege == "CREATE")


def _system(world: World, reaching: Reaching) -> Iterator[Granted]:
    for grant in world.inventory.system_grants:
        how = who_holds(reaching, grant.grantee)
        if how:
            to, (subject, privilege) = grantee_sql(world, grant.grantee), _of_system(grant)
            kind, _, name = subject.partition(" ")
            yield granted(
                subject,
                privilege,
                to,
                Severity.HIGH,
                "PostgreSQL does not grant this, and keeps it from roles for a reason",
                how=how,
                repair=f"REVOKE {privilege} ON {_SQL.get(kind, kind.upper())} {name} FROM {to};",
            )


def _of_system(grant: SystemGrant) -> tuple[str, str]:
    """The object that a finding is of, and the privilege on it: columns are told of their relation."""
    if grant.kind != "column":
        return f"{grant.kind} {grant.name}", grant.privilege
    relation, _, column = grant.name.rpartition(".")
    return f"relation {relation}", f"{grant.privilege} ({column})"


def who_holds(reaching: Reaching, grantee: int) -> str:
    """The principals that a grant to a role is one to, each with its path; empty when it is none of them."""
    if grantee == PUBLIC:
        return "PUBLIC"
    return ", ".join(str(becomes) for becomes in reaching.roles if becomes.role.oid == grantee)


def _principals(reaching: Reaching, grantee: int) -> tuple[str, ...]:
    return (ANY,) if grantee == PUBLIC else tuple(b.principal for b in reaching.roles if b.role.oid == grantee)


def _holding(reaching: Reaching, owner: int, grants: tuple[Grant, ...], privilege: str) -> Iterator[tuple[str, int]]:
    for grantee in sorted({g.grantee for g in grants if g.privilege == privilege and g.grantee != owner}):
        how = who_holds(reaching, grantee)
        if how:
            yield how, grantee
