"""Privileges that bypass row-level security: role attributes, predefined roles, ADMIN OPTION and ownership."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.model import Severity
from checks.tenancy.ownership import change_owner, give_away, new_owner
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory.naming import quoted

# Roles of PostgreSQL and of RDS: https://www.postgresql.org/docs/18/predefined-roles.html
PREDEFINED_ROLES = {
    "pg_read_all_data": ("reads every table, and TOAST data and statistics, where no policy applies", Severity.HIGH),
    "pg_write_all_data": ("writes every table without a policy of its own", Severity.HIGH),
    "pg_read_server_files": ("reads the server's files", Severity.CRITICAL),
    "pg_write_server_files": ("writes the server's files", Severity.CRITICAL),
    "pg_execute_server_program": ("runs programs on the server", Severity.CRITICAL),
    "pg_create_subscription": ("may import rows from another server", Severity.HIGH),
    "pg_maintain": ("may lock, rewrite and refresh every table", Severity.MEDIUM),
    "pg_monitor": ("reads other sessions' statements and statistics", Severity.MEDIUM),
    "pg_read_all_stats": ("reads other sessions' statements and statistics", Severity.MEDIUM),
    "pg_stat_scan_tables": ("runs functions that lock and scan every table", Severity.LOW),
    "pg_read_all_settings": ("reads settings that are visible to superusers only", Severity.LOW),
    "pg_signal_backend": ("may terminate other sessions", Severity.LOW),
    "rds_superuser": ("is the superuser role of RDS", Severity.CRITICAL),
    "rds_replication": ("reads the write-ahead log, where no policy applies", Severity.HIGH),
}
# These grant no access to rows; a role logs in to Aurora with IAM through rds_iam.
HARMLESS_ROLES = frozenset(
    {"pg_checkpoint", "pg_use_reserved_connections", "pg_signal_autovacuum_worker", "rds_iam", "rds_password"}
)
_DATABASE_OWNER = "pg_database_owner"
_TENANTS = {TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS}
# Since version 16, CREATEROLE is limited to roles with ADMIN OPTION, and a new role cannot have more rights than its
# creator: https://www.postgresql.org/docs/16/release-16.html
_CREATEROLE_LIMITED_SINCE = 160000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassPrivilege:
    """One privilege of a role that bypasses policies.

    `ignores_grants` says that the role reaches rows without any grant on the table. `repair` is the SQL that revokes
    the privilege from the role; it is empty where the membership must be revoked instead. `at_source` is the SQL by
    which the role keeps all but the privilege, so that its members keep what they have through it.
    """

    what: str
    severity: Severity
    ignores_grants: bool
    repair: str
    at_source: str = ""


def bypass_privileges(access: EffectiveAccess, reachable: ReachableRole) -> tuple[BypassPrivilege, ...]:
    """All bypass privileges of one reachable role."""
    if reachable.role.name == _DATABASE_OWNER or _within_predefined(reachable):
        return ()  # reported for the owner of the database, or for the outer predefined role
    attributes = _attributes(access, reachable) if reachable.can_set_role else ()
    owned = (*_owns(access, reachable), *_owns_others(access, reachable))
    return (*attributes, *_predefined(reachable), *_administers(access, reachable), *owned)


def _within_predefined(reachable: ReachableRole) -> bool:
    return any(name in PREDEFINED_ROLES for name in reachable.role_path[:-1])


def _attributes(access: EffectiveAccess, reachable: ReachableRole) -> Iterator[BypassPrivilege]:
    role = reachable.role
    limited = access.inventory.server.version_num >= _CREATEROLE_LIMITED_SINCE
    create = Severity.MEDIUM if limited else Severity.CRITICAL
    for present, word, what, severity in (
        (role.superuser, "SUPERUSER", "is a superuser", Severity.CRITICAL),
        (role.bypass_rls, "BYPASSRLS", "has BYPASSRLS", Severity.CRITICAL),
        (role.replication, "REPLICATION", "has REPLICATION and reads the write-ahead log", Severity.HIGH),
        (role.create_role, "CREATEROLE", "has CREATEROLE and may create and grant roles", create),
    ):
        if present:
            exempt = word != "CREATEROLE" or not limited
            repair = f"ALTER ROLE {quoted(role.name)} NO{word};"
            yield BypassPrivilege(
                what=what,
                severity=severity,
                ignores_grants=exempt,
                repair=repair,
                at_source=repair if word == "BYPASSRLS" else "",
            )


def _predefined(reachable: ReachableRole) -> Iterator[BypassPrivilege]:
    what, severity = PREDEFINED_ROLES.get(reachable.role.name, ("", Severity.LOW))
    if what:
        yield BypassPrivilege(
            what=what, severity=severity, ignores_grants=severity.rank >= Severity.HIGH.rank, repair=""
        )


def _administers(access: EffectiveAccess, reachable: ReachableRole) -> Iterator[BypassPrivilege]:
    for membership in access.role_graph.memberships_of(reachable.role.oid):
        role = access.role(membership.role)
        if membership.admin_option and role:
            yield BypassPrivilege(
                what=f"may grant {role.name} to any role (ADMIN OPTION)",
                severity=Severity.HIGH,
                ignores_grants=False,
                repair=f"REVOKE ADMIN OPTION FOR {quoted(role.name)} FROM {quoted(reachable.role.name)};",
            )


def _owns(access: EffectiveAccess, reachable: ReachableRole) -> Iterator[BypassPrivilege]:
    owned = _owned(access, reachable.role.oid)
    if owned:
        names = ", ".join(label for label, _, _ in owned[:_SHOWN])
        more = f" and {len(owned) - _SHOWN} more" if len(owned) > _SHOWN else ""
        # An owner can disable row security on what it owns at any time.
        yield BypassPrivilege(
            what=f"owns {names}{more}",
            severity=Severity.CRITICAL,
            ignores_grants=True,
            repair=" ".join(change_owner(access, kind, name, reachable.role.oid) for _, kind, name in owned),
            at_source=" ".join(give_away(access, kind, name, reachable.role.oid) for _, kind, name in owned),
        )


def _owns_others(access: EffectiveAccess, reachable: ReachableRole) -> Iterator[BypassPrivilege]:
    """Types, operators, publications and others: what an owner changes in them affects statements of other roles."""
    owned = [each for each in access.inventory.owned_objects if each.owner == reachable.role.oid]
    if owned:
        names = ", ".join(f"the {each.kind} {each.name}" for each in owned[:_SHOWN])
        more = f" and {len(owned) - _SHOWN} more" if len(owned) > _SHOWN else ""
        create, new = new_owner(access)
        yield BypassPrivilege(
            what=f"owns {names}{more}",
            severity=Severity.MEDIUM,
            ignores_grants=False,
            repair=create + " ".join(f"ALTER {each.kind.upper()} {each.name} OWNER TO {new};" for each in owned),
        )


def _owned(access: EffectiveAccess, owner: int) -> tuple[tuple[str, str, str], ...]:
    """Owned objects on which the isolation depends: the database, schemas, tables and functions, each with its kind."""
    for known, by_owner in _RECENT:
        if known is access:
            return by_owner.get(owner, ())
    found: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for oid, label, kind, name in _ownable(access):
        found[oid].append((label, kind, name))
    owned = {oid: tuple(each) for oid, each in found.items()}
    _RECENT.append((access, owned))
    return owned.get(owner, ())


# Thousands of roles may be asked about one database. Keyed by identity, like effective_access.
_RECENT: deque[tuple[EffectiveAccess, dict[int, tuple[tuple[str, str, str], ...]]]] = deque(maxlen=4)


def _ownable(access: EffectiveAccess) -> Iterator[tuple[int, str, str, str]]:
    """Each object on which the isolation depends, with its owner, its label, its kind and its SQL name."""
    server = access.inventory.server
    yield server.database_owner, "the database", "DATABASE", quoted(server.database)
    used_by_policies = {oid for policy in access.inventory.policies for oid in policy.relations}
    holding = set(access.tenancy.schemas)
    for relation in sorted(access.inventory.relations, key=access.declared_name):
        if relation.is_table and (access.table_class(relation) in _TENANTS or relation.oid in used_by_policies):
            holding.add(relation.schema)
            yield relation.owner, access.declared_name(relation), "TABLE", access.sql_name(relation)
    called = {oid for policy in access.inventory.policies for oid in policy.functions}
    # The owner of a schema can drop what others have in it, and put something else in its place.
    fired = {trigger.function for trigger in access.inventory.triggers}
    holding |= {function.schema for function in access.inventory.functions if function.oid in called | fired}
    for schema in access.inventory.schemas:
        if schema.name in holding:
            yield schema.owner, f"the schema {schema.name}", "SCHEMA", quoted(schema.name)
    for function in access.inventory.functions:
        if function.oid in called:
            yield function.owner, f"{function.name}, which a policy calls", "ROUTINE", function.name
