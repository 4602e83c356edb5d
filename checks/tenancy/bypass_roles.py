"""The check that no tenant-bound role is, or can become, one that row-level security does not bind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict, failed, passed
from basewatch.tenancy import Tenancy
from checks.tenancy.catalogue import Catalogue, Reach, Relation, catalogue, declared_name

# Roles of PostgreSQL and of RDS that reach around policies: to whole tables, TOAST and statistics, or to server files.
AROUND_POLICIES = frozenset(
    {
        "pg_read_all_data",
        "pg_write_all_data",
        "pg_read_server_files",
        "pg_write_server_files",
        "pg_execute_server_program",
        "rds_superuser",
        "rds_replication",
    }
)


@check(
    "tenancy.rls.bypass_roles",
    component=Database,
    observe=catalogue,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_principal_bypasses_row_security(facts: Catalogue, database: Database, now: datetime) -> Iterator[Verdict]:
    """No tenant-bound role is or can become a superuser, a role with BYPASSRLS or the owner of a tenant table.

    Why: Row-level security does not ask such roles, and whoever can SET ROLE to one is one.
    Reads: pg_roles, the closure of memberships by pg_has_role, table owners, and privileges granted to PUBLIC.
    Unverified when: The catalogue cannot be read.
    Fix: ALTER ROLE ... NOBYPASSRLS NOSUPERUSER, REVOKE the membership, or REVOKE ALL ON the table FROM PUBLIC.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    for principal in database.tenancy.principals:
        yield _judge_principal(principal, [reach for reach in facts.reaches if reach.principal == principal])
    yield _judge_public(facts.relations, database.tenancy)


def _judge_principal(principal: str, reaches: list[Reach]) -> Verdict:
    expected = "bound by row-level security, and in no role that is not"
    if not reaches:
        return failed(f"The role {principal} does not exist", subject=principal, observed="absent", expected=expected)
    ways = [f"{_path(reach)}: {way}" for reach in sorted(reaches, key=lambda r: r.role) for way in _ways(reach)]
    if ways:
        summary = f"{principal} can bypass row-level security"
        return failed(summary, subject=principal, observed="; ".join(ways), expected=expected)
    summary, observed = f"{principal} is bound by row-level security", f"can become {len(reaches) - 1} other roles"
    return passed(summary, subject=principal, observed=observed, expected=expected)


def _path(reach: Reach) -> str:
    return reach.principal if reach.role == reach.principal else f"{reach.principal} -> {reach.role}"


def _ways(reach: Reach) -> Iterator[str]:
    if reach.superuser:
        yield "superuser"
    if reach.bypasses:
        yield "BYPASSRLS"
    if reach.replicates:
        yield "REPLICATION"
    if reach.grants_any_role:
        yield "CREATEROLE"
    if reach.role in AROUND_POLICIES:
        yield "reaches around policies"
    if reach.owns:
        yield f"owns {', '.join(reach.owns)}"


def _judge_public(relations: tuple[Relation, ...], tenancy: Tenancy) -> Verdict:
    granted = sorted(
        f"{declared_name(r.schema, r.name, tenancy)} ({', '.join(r.public_privileges)})"
        for r in relations
        if r.public_privileges and (r.keyed or declared_name(r.schema, r.name, tenancy) == tenancy.root)
    )
    expected = "no privilege on any tenant table"
    if granted:
        summary = "Every role of the server has privileges on tenant tables"
        return failed(summary, subject="PUBLIC", observed="; ".join(granted), expected=expected)
    return passed("PUBLIC has no privilege on any tenant table", subject="PUBLIC", observed="none", expected=expected)
