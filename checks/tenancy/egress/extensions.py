"""The flaws of installed extensions, and the principals that can use them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.egress.known_extensions import (
    DISCLOSING_EXTENSIONS,
    EGRESS_EXTENSIONS,
    HARMLESS_EXTENSIONS,
    SUPERUSER_CHECKED_EXTENSIONS,
)
from checks.tenancy.flaws import Flaw, role_paths, without_superusers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.egress import Extension
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC

# https://www.postgresql.org/docs/18/predefined-roles.html: members see the statements of all sessions.
_SEES_SESSIONS: Final = frozenset({"pg_read_all_stats", "pg_monitor"})


def extension_flaws(access: EffectiveAccess, extension: Extension) -> Iterator[Flaw]:
    """The flaw of an installed extension, if it has one."""
    name = extension.name
    drop = f"{_drop_users(access, extension)}DROP EXTENSION IF EXISTS {quoted(name)};"
    if name in HARMLESS_EXTENSIONS:
        return
    if name in EGRESS_EXTENSIONS:
        users = extension_users(access, extension)
        repair = f"{drop}{_revoke(access, extension)}" if users else drop
        what = f"it {EGRESS_EXTENSIONS[name]}" + (f", and {role_paths(users)} may use it" if users else "")
        yield Flaw(severity=Severity.HIGH if users else Severity.MEDIUM, what=what, repair=repair)
    elif name in DISCLOSING_EXTENSIONS:
        seeing = [b for b in _principal_roles(access) if _sees_sessions(access, b)]
        what = f"it {DISCLOSING_EXTENSIONS[name]}"
        if seeing:
            what += f", and {role_paths(seeing)} may read the activity of all sessions"
        yield Flaw(severity=Severity.MEDIUM if seeing else Severity.LOW, what=what, repair=drop)
    else:
        yield Flaw(severity=Severity.LOW, what="it is unknown to Basewatch", repair=drop)


def _drop_users(access: EffectiveAccess, extension: Extension) -> str:
    """The statements without which an extension cannot be dropped: for its triggers, its servers and their tables."""
    own = {function.oid for function in access.inventory.functions if function.extension == extension.name}
    servers = [each.name for each in access.inventory.foreign_servers if each.wrapper == extension.name]
    return "".join(
        (
            *(
                f"DROP TRIGGER {quoted(trigger.name)} ON {access.sql_name(relation)}; "
                for trigger in access.inventory.triggers
                if trigger.function in own
                and (relation := access.relation(trigger.relation))
                and not relation.partition
            ),
            *(
                f"DROP FOREIGN TABLE IF EXISTS {access.sql_name(relation)}; "
                for relation in access.inventory.relations
                if relation.server in servers
            ),
            *(f"DROP SERVER IF EXISTS {quoted(server)} CASCADE; " for server in servers),
        )
    )


def _revoke(access: EffectiveAccess, extension: Extension) -> str:
    """The other repair of an extension that is needed: only its own functions lose EXECUTE."""
    functions = [function for function in access.inventory.functions if function.extension == extension.name]
    held = (grant.grantee for function in functions for grant in function.grants if grant.grantee != function.owner)
    roles = {oid: role for oid in held if (role := access.role(oid)) or oid == PUBLIC}
    names = ", ".join(sorted(quoted(role.name) if role else "PUBLIC" for role in roles.values()))
    routines = ", ".join(function.name for function in functions)
    return f" Or, if another role needs it: REVOKE EXECUTE ON ROUTINE {routines} FROM {names};" if names else ""


def extension_users(access: EffectiveAccess, extension: Extension) -> tuple[ReachableRole, ...]:
    """The principals that can use an extension: through its functions, its wrapper or a foreign server."""
    if extension.name in SUPERUSER_CHECKED_EXTENSIONS:
        return ()
    if extension.name.endswith("_fdw"):
        servers = [server for server in access.inventory.foreign_servers if server.wrapper == extension.name]
        grants = [g for g in access.inventory.system_grants if g.kind == "foreign_data_wrapper"]
        granted = {grant.grantee for grant in grants if grant.name == extension.name}
        return tuple(
            b
            for b in _principal_roles(access)
            if any(access.has_privilege(b.role.oid, server.owner, server.grants, "USAGE") for server in servers)
            or not granted.isdisjoint(access.inherited_roles(b.role.oid))
        )
    functions = [function for function in access.inventory.functions if function.extension == extension.name]
    found = {b for function in functions for b in access.executable_by(function)}
    return tuple(b for b in _principal_roles(access) if b in found)


def _principal_roles(access: EffectiveAccess) -> tuple[ReachableRole, ...]:
    return without_superusers(access.all_reachable_roles(), access)


def _sees_sessions(access: EffectiveAccess, reachable: ReachableRole) -> bool:
    roles = (access.role(oid) for oid in access.inherited_roles(reachable.role.oid))
    return any(role and role.name in _SEES_SESSIONS for role in roles)
