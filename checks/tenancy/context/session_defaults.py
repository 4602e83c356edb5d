"""Session defaults that weaken the isolation: a preset tenant, another role, or disabled enforcement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object
from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command
from isolation.inventory.roles import RoleSetting

SESSION_CONTEXT = session_object("context")
"""The context of a session before the application sets one."""
_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
_ON = frozenset({"on", "true", "yes", "1", "t", "y"})
_PATH = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


def session_default_flaws(access: EffectiveAccess) -> Iterator[tuple[str, Flaw]]:
    """Each flawed session default, with the object that it is set for, such as `role app`."""
    contexts = {name.lower() for name in access.tenancy.context_settings}
    for setting in access.inventory.role_settings:
        if setting.database not in (0, access.inventory.server.database_oid):
            continue
        flaw = _context(access, setting) if setting.name.lower() in contexts else _risky(access, setting)
        if flaw:
            yield _default_scope(access, setting), flaw
    for each in access.inventory.server_settings:
        severity, why, _, is_wrong = _RISKY[each.name]
        if is_wrong(access, each.value):
            about = ((ANY_PRINCIPAL_OR_OBJECT, session_object(each.name)),)
            repair = f"ALTER SYSTEM RESET {each.name}; or remove it from the configuration file or parameter group."
            yield (
                "server",
                Flaw(severity=severity, what=f"{each.name} = {each.value}: {why}", repair=repair, affected=about),
            )
    stored = {setting.name.lower() for setting in access.inventory.role_settings if not setting.empty}
    for name in access.inventory.server.context_defaults:
        if name.lower() not in stored:
            yield (
                "server",
                Flaw(
                    severity=Severity.CRITICAL,
                    what=f"new sessions start with {name} set, by a configuration file, ALTER SYSTEM or the connection",
                    repair=f"ALTER SYSTEM RESET {_setting(name)}; or remove it from the parameter group.",
                    affected=((ANY_PRINCIPAL_OR_OBJECT, SESSION_CONTEXT),),
                ),
            )


def _context(access: EffectiveAccess, setting: RoleSetting) -> Flaw | None:
    """The flaw of a preset context; an empty one has none, as proven policies return no row for it."""
    if setting.empty or not _starts_principal(access, setting):
        return None
    return Flaw(
        severity=Severity.CRITICAL,
        what=f"{setting.name} is set before the application sets the tenant",
        repair=_reset(access, setting),
        affected=_affected(access, setting, SESSION_CONTEXT),
    )


def _risky(access: EffectiveAccess, setting: RoleSetting) -> Flaw | None:
    """The flaw of a default that weakens enforcement for a principal, or for a role that writes tenant tables."""
    rule = _RISKY.get(setting.name.lower())
    if rule is None:
        return None
    severity, why, widely, is_wrong = rule
    concerned = _starts_principal(access, setting) or (widely and _writes_tenants(access, setting))
    if not concerned or not is_wrong(access, setting.value or ""):
        return None
    what, about = (
        f"{setting.name} = {setting.value}: {why}",
        _affected(access, setting, session_object(setting.name.lower())),
    )
    return Flaw(severity=severity, what=what, repair=_reset(access, setting), affected=about)


def _affected(access: EffectiveAccess, setting: RoleSetting, what: str) -> tuple[Affected, ...]:
    return tuple((principal, what) for principal in _started(access, setting))


def _starts_principal(access: EffectiveAccess, setting: RoleSetting) -> bool:
    """Whether a session that is or becomes a principal starts with this setting."""
    return bool(_started(access, setting))


def _started(access: EffectiveAccess, setting: RoleSetting) -> tuple[str, ...]:
    """The principals whose sessions start with this setting."""
    role = access.role(setting.role)
    if role is None:
        return (ANY_PRINCIPAL_OR_OBJECT,) if setting.role == 0 else ()
    names = {reachable.role.name for reachable in access.reachable_roles(role.name)}
    return tuple(principal for principal in access.tenancy.principals if principal in names)


def _writes_tenants(access: EffectiveAccess, setting: RoleSetting) -> bool:
    """Whether the role may write a tenant table."""
    role = access.role(setting.role)
    return role is not None and any(
        _WRITES & access.commands(reachable.role.oid, table)
        for reachable in access.reachable_roles(role.name)
        for table in access.tenant_tables()
    )


def _is_other_role(access: EffectiveAccess, value: str) -> bool:
    return value not in {"", "none", *access.tenancy.principals}


def _is_replica(access: EffectiveAccess, value: str) -> bool:
    return value == "replica"


def _is_on(access: EffectiveAccess, value: str) -> bool:
    return value.lower() in _ON


def _is_off(access: EffectiveAccess, value: str) -> bool:
    return value.lower() not in _ON


def _is_set(access: EffectiveAccess, value: str) -> bool:
    return bool(value.strip().strip('"'))


def _hides_builtins(access: EffectiveAccess, value: str) -> bool:
    """Whether a schema precedes pg_catalog, which is searched first if it is not listed."""
    path = [(plain or named.replace('""', '"')) for named, plain in _PATH.findall(value)]
    return "pg_catalog" in path and path[0] != "pg_catalog"


_Rule = tuple[Severity, str, bool, Callable[[EffectiveAccess, str], bool]]
# Severity, reason, whether it also applies to other roles that write tenant tables, and the test of the value.
_RISKY: dict[str, _Rule] = {
    "role": (Severity.CRITICAL, "sessions run as a role that is not a principal", False, _is_other_role),
    "session_authorization": (Severity.CRITICAL, "sessions run as another role", False, _is_other_role),
    "session_replication_role": (Severity.HIGH, "no trigger fires and no foreign key is checked", True, _is_replica),
    "row_security": (Severity.LOW, "queries that a policy would filter fail", False, _is_off),
    "search_path": (
        Severity.MEDIUM,
        "functions of another schema take precedence over built-in ones",
        True,
        _hides_builtins,
    ),
    "lo_compat_privileges": (Severity.HIGH, "every role may access all large objects", False, _is_on),
    "allow_system_table_mods": (Severity.HIGH, "the system catalogues can be modified", True, _is_on),
    "session_preload_libraries": (Severity.HIGH, "code is loaded into every session", True, _is_set),
    "local_preload_libraries": (Severity.MEDIUM, "code is loaded into every session", True, _is_set),
}


def _default_scope(access: EffectiveAccess, setting: RoleSetting) -> str:
    """The object that a default is set for, as findings name it."""
    role, database = access.role(setting.role), access.inventory.server.database
    who = f"role {role.name}" if role else ""
    where = f"database {database}" if setting.database else ""
    return " in ".join(part for part in (who, where) if part) or "every role"


def _reset(access: EffectiveAccess, setting: RoleSetting) -> str:
    role, database = access.role(setting.role), quoted(access.inventory.server.database)
    name = _setting(setting.name)
    if setting.role == 0 and setting.database:
        return f"ALTER DATABASE {database} RESET {name};"
    who = quoted(role.name) if role else "ALL"
    where = f" IN DATABASE {database}" if setting.database else ""
    return f"ALTER ROLE {who}{where} RESET {name};"


def _setting(name: str) -> str:
    return ".".join(quoted(part) for part in name.split("."))
